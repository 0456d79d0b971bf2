from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from stemline.tiled_config.config import CatalogConfig, prepare_folder
from stemline.tiled_config.error import CatalogError


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(CatalogError, match="taken/catalog is not writable .*choose another folder"):
        prepare_folder(tmp_path / "taken" / "catalog")


def test_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("wrong", [{"port": 70000}, {"port": -1}, {"colour": "red"}, {"start_timeout": 0}])
def test_refuses(wrong: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        CatalogConfig.model_validate({"folder": tmp_path, **wrong})


def test_listens_on_loopback(tmp_path: Path) -> None:
    assert CatalogConfig(folder=tmp_path).host == "127.0.0.1"
