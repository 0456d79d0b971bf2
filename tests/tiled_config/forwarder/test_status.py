from __future__ import annotations

from pathlib import Path

import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder.status import (
    ForwarderStatus,
    forwarder_lives,
    last_status,
    only_forwarder,
)


def test_what_was_said_is_read(tmp_path: Path) -> None:
    assert last_status(tmp_path) is None
    said = ForwarderStatus(7, 1.5, "http://catalog", 3, 1.25, "away", {"uid": "refused"})
    said.write(tmp_path)
    assert last_status(tmp_path) == said
    assert [path.name for path in tmp_path.iterdir()] == ["forwarder.json"]


def test_a_file_of_somebody_else_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "forwarder.json").write_text('{"pid": 1, "colour": "red"}')
    assert last_status(tmp_path) is None


def test_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    assert not forwarder_lives(folder)
    with only_forwarder(folder):
        assert forwarder_lives(folder)
        with (
            pytest.raises(CatalogError, match=r"already forwarded \(process \d+\)"),
            only_forwarder(folder, 0.0),
        ):
            pass
    assert not forwarder_lives(folder)
    with only_forwarder(folder):
        pass
