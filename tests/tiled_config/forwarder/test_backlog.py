from __future__ import annotations

from pathlib import Path

from stemline.tiled_config.forwarder.backlog import Backlog, oldest
from stemline.tiled_config.journal.file import encode

START, EVENT = encode("start", {"uid": "u", "time": 5.0}), encode("event", {"uid": "e", "time": 6.5})


def test_whole_lines_are_counted_as_they_come(tmp_path: Path) -> None:
    journal, backlog = tmp_path / "u.jsonl", Backlog()
    assert backlog.behind(journal) == 0
    journal.write_bytes(START + EVENT[:10])
    assert backlog.behind(journal) == 1
    journal.write_bytes(START + EVENT + EVENT + b"\0" * 100)
    assert backlog.behind(journal) == 3
    assert backlog.behind(journal, forwarded=2) == 1


def test_the_oldest(tmp_path: Path) -> None:
    journal = tmp_path / "u.jsonl"
    assert oldest(journal) is None
    journal.write_bytes(START + EVENT + encode("stream_datum", {"uid": "s"}))
    assert oldest(journal) == 5.0
    assert oldest(journal, len(START)) == 6.5
    assert oldest(journal, len(START + EVENT)) is None
    assert oldest(journal, journal.stat().st_size) is None


def test_a_file_that_cannot_be_read_is_no_backlog(tmp_path: Path) -> None:
    """The forwarder says for itself why it sets that run aside; what it says goes on."""
    assert Backlog().behind(tmp_path) == 0
    assert oldest(tmp_path) is None
