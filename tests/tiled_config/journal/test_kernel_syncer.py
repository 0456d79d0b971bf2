from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stemline.tiled_config.journal import kernel_syncer
from stemline.tiled_config.journal.kernel_syncer import KernelSyncer, make_syncer
from stemline.tiled_config.journal.syncer import ThreadSyncer


class File:
    """Something open."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.trouble: OSError | None = None

    def sync(self) -> None:
        os.fdatasync(self.descriptor)


@pytest.fixture
def syncer() -> Iterator[KernelSyncer]:
    try:
        syncer = KernelSyncer()
    except OSError as error:
        pytest.skip(f"this machine has no asynchronous sync: {error}")
    yield syncer
    syncer.close()


def test_the_kernel_says_that_it_is_done(syncer: KernelSyncer, tmp_path: Path) -> None:
    with (tmp_path / "journal").open("wb", buffering=0) as opened:
        for line in (b"one", b"two"):
            opened.write(line)
            file = File(opened.fileno())
            syncer._event.result = -1
            syncer.begin(file)
            assert syncer._file is file
            syncer.wait()
            assert file.trouble is None
            # Of this request, and it went well.
            assert syncer._event.request == ctypes.addressof(syncer._request)
            assert syncer._event.result == 0
    syncer.wait()  # nothing was begun


def test_what_the_kernel_does_not_take_is_synced_at_once_and_knows_its_trouble(syncer: KernelSyncer) -> None:
    reading, writing = os.pipe()
    file = File(writing)
    syncer.begin(file)
    syncer.wait()
    assert file.trouble is not None
    assert file.trouble.errno == errno.EINVAL
    os.close(reading)
    os.close(writing)


def test_what_failed_in_the_kernel_is_told_to_the_file_that_it_was_of(
    syncer: KernelSyncer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "journal").open("wb", buffering=0) as opened:
        first, second = File(opened.fileno()), File(opened.fileno())
        syncer.begin(first)
        monkeypatch.setattr(syncer, "_call", lambda *_: setattr(syncer._event, "result", -errno.EIO) or 0)
        syncer.begin(second)
        assert first.trouble is not None
        assert first.trouble.errno == errno.EIO
        assert second.trouble is None
        monkeypatch.undo()
        syncer.wait()


def test_a_thread_does_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    syncer = make_syncer()
    assert isinstance(syncer, ThreadSyncer)
    syncer.close()
    monkeypatch.undo()
    monkeypatch.setattr(kernel_syncer, "CALLS", {})
    syncer = make_syncer()
    assert isinstance(syncer, ThreadSyncer)
    syncer.close()
