from __future__ import annotations

from pathlib import Path

import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.forwarder.status import only_forwarder
from stemline.tiled_config.journal.file import encode, journal_path


def test_a_folder_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("mine")
    with pytest.raises(CatalogError, match=r"journal can't be used \(File exists\): set `data`"):
        ForwarderProcess(tmp_path / "journal", "http://127.0.0.1:9/api/v1", "key").start()


def test_flush_leaves_it_to_another_forwarder(tmp_path: Path) -> None:
    journal_path(tmp_path, "u1").write_bytes(encode("start", {"uid": "u1", "time": 1.0}))
    mine = ForwarderProcess(tmp_path, "http://127.0.0.1:9/api/v1", "key")
    with only_forwarder(tmp_path):
        said = mine.flush(timeout=0.05)
    assert said is not None
    assert "nothing is lost, run u1" in said
    assert not mine.alive
