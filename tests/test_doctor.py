"""`stemline doctor` finds what is missing before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemline.cli.doctor import check_config


def findings(folder: Path, text: str) -> dict[str, str]:
    path = folder / "session.yml"
    path.write_text(f"data: {folder / 'data'}\n{text}")
    return {what: status for status, what, _ in check_config(path)}


def test_a_good_configuration(tmp_path: Path) -> None:
    assert set(findings(tmp_path, "").values()) == {"ok"}


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    found = findings(
        tmp_path, "ioc: {instrument: {drivers: [{driver: replay, spectrum_image: nowhere.dm3}]}}"
    )
    assert found["replay driver, spectrum_image: no file nowhere.dm3"] == "missing"


def test_a_key_that_is_not_known(tmp_path: Path) -> None:
    (what,) = findings(tmp_path, "experiment: {pionts: 3}")
    assert "experiment.pionts: unknown key" in what


def test_a_catalog_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TILED_API_KEY", raising=False)
    found = findings(tmp_path, "catalog: {uri: 'http://127.0.0.1:8000'}")
    assert found["catalog.uri is http://127.0.0.1:8000: set TILED_API_KEY to its key"] == "missing"
