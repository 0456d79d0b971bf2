"""The journal of one run as a file: lines ``{"name": ..., "doc": ...}``, and who holds it.

The process that measures the run holds an exclusive `flock` on it as long as it lives. Whoever reads must
expect that the last line is not whole: it is being written, or the machine lost its power while it was.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

Document = tuple[str, dict[str, Any]]
"""Name and content of a document, as the RunEngine hands them out."""

SUFFIX = ".jsonl"


class JournalError(Exception):
    """The journal can't be used; the message says in one line what, where and what to do."""


def journal_path(folder: Path, uid: str) -> Path:
    """Where the journal of a run is until the catalog has all of it."""
    return folder / f"{uid}{SUFFIX}"


def journals(folder: Path) -> list[Path]:
    """List the journals in a folder, the one that was written last at the end; none if there is no folder."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        # It may be moved away meanwhile.
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            if stat.S_ISREG(about.st_mode):
                found.append((about.st_mtime_ns, path))
    return [path for _, path in sorted(found)]


def encode(name: str, doc: dict[str, Any]) -> bytes:
    """Write a document as one line.

    Arrays become lists; NaN and infinities are written ``NaN``, ``Infinity`` as Python's json has them, so
    that a measurement without a value comes back as what it was.

    Raises
    ------
    TypeError, ValueError
        If the document holds what JSON does not have.
    """
    return json.dumps({"name": name, "doc": doc}, default=_plain).encode("ascii") + b"\n"


def read(path: Path, offset: int = 0, limit: int | None = None) -> tuple[list[Document], int]:
    """Read the whole lines from an offset on.

    Parameters
    ----------
    path
        The journal.
    offset
        Where to begin [bytes]: 0, or what an earlier call returned.
    limit
        Read no further line once this many bytes were read; None reads to the end.

    Returns
    -------
    documents : list of (str, dict)
        In the order in which they were written. A last line that is torn is none of them: without a line
        feed, no JSON, or zeros that a loss of power left.
    offset : int
        Behind the last of them.

    Raises
    ------
    FileNotFoundError
        If the journal is not (or no longer) there.
    JournalError
        If a line in the middle is no document.
    """
    documents: list[Document] = []
    end = offset
    with path.open("rb") as file:
        file.seek(offset)
        while limit is None or end - offset < limit:
            line = file.readline()
            if not line.endswith(b"\n"):
                break
            document = _decode(line)
            if document is None:
                if file.readline().strip(b"\0"):
                    raise JournalError(
                        f"{path}, line {_line_number(file, end)}, is no document, and others follow: "
                        "the file was changed or its disk is bad; mend or remove the line"
                    )
                break
            documents.append(document)
            end += len(line)
    return documents, end


def num_events(documents: Iterable[Document]) -> dict[str, int]:
    """Count the events of each stream, as a stop document has them.

    A point that was taken again after a pause counts once. A stream without events (a fly scan) counts what
    its references to frames say.
    """
    streams: dict[str, str] = {}
    events: dict[str, int] = {}
    frames: dict[str, int] = {}
    for name, doc in documents:
        match name:
            case "descriptor":
                streams[doc["uid"]] = doc["name"]
            case "event":
                _raise_to(events, streams[doc["descriptor"]], doc["seq_num"])
            case "event_page":
                _raise_to(events, streams[doc["descriptor"]], max(doc["seq_num"], default=0))
            case "stream_datum":
                _raise_to(frames, streams[doc["descriptor"]], doc["seq_nums"]["stop"] - 1)
    return {stream: events.get(stream, frames.get(stream, 0)) for stream in streams.values()}


def is_written(path: Path) -> bool:
    """Whether a process that measures this run lives (a stopped one does); False if nobody can tell."""
    try:
        with path.open("rb") as file:
            return not _share(file)
    except (FileNotFoundError, PermissionError):
        return False


@contextlib.contextmanager
def claim(path: Path) -> Iterator[IO[bytes] | None]:
    """Open a journal that nobody measures into, for reading and writing, with its lock.

    Yields
    ------
    file or None
        None if the process that measures the run lives.
    """
    with path.open("r+b") as file:
        if _share(file):
            # Now no measuring process has it; others who look at it, or close it as we do, will be gone soon.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        else:
            yield None


def _share(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _raise_to(counts: dict[str, int], stream: str, number: int) -> None:
    counts[stream] = max(number, counts.get(stream, 0))


def _plain(value: object) -> Any:
    if hasattr(value, "__array__"):
        return np.asarray(value).tolist()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


def _decode(line: bytes) -> Document | None:
    try:
        match json.loads(line):
            case {"name": str(name), "doc": dict(doc)}:
                return name, doc
    except (ValueError, RecursionError):
        pass
    return None


def _line_number(file: IO[bytes], offset: int) -> int:
    file.seek(0)
    return file.read(offset).count(b"\n") + 1
