"""Close the runs whose process died: their journals get the stop document that it could not write."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from .file import Document, JournalError, claim, encode, journals, num_events, read
from .run_journal import sync_folder


@dataclass(frozen=True)
class Recovered:
    """A journal without a stop document that nobody measures into.

    Attributes
    ----------
    uid
        Of the run.
    path
        Where the journal is now.
    outcome
        It was closed as failed; or it held no run and was set aside; or it could not be closed and was left.
    line
        What happened, for the user.
    num_events
        By stream, of a run that was closed.
    """

    uid: str
    path: Path
    outcome: Literal["closed", "set aside", "left"]
    line: str
    num_events: Mapping[str, int] = field(default_factory=dict)


def recover(folder: Path) -> list[Recovered]:
    """Close the runs in a journal folder whose process is gone.

    Runs that are still measured, also by a process that is stopped, are not touched; nor are those that
    ended. Two may do this at the same time, and again.

    Parameters
    ----------
    folder
        Of the journals; it need not exist.

    Returns
    -------
    list of Recovered
        Those that were not closed by their own process, the latest one last.
    """
    found = []
    for path in journals(folder):
        try:
            with claim(path) as file:
                recovered = None if file is None else _close(path, file)
        except FileNotFoundError:
            continue  # moved away by the forwarder, for the catalog has all of it
        except JournalError as error:
            recovered = _left(path, str(error))
        except OSError as error:
            recovered = _left(path, f"{path} can't be used ({error.strerror}): check its owner and its disk")
        except (KeyError, TypeError) as error:
            # One bad file must not keep every session from starting.
            recovered = _left(
                path, f"{path} holds no run as the RunEngine has them ({error!r}): move it away"
            )
        if recovered is not None:
            found.append(recovered)
    return found


def stop_document(documents: list[Document], now: datetime) -> dict[str, Any]:
    """Compose the stop document of a run whose process died.

    Parameters
    ----------
    documents
        What it left, the start document first.
    now
        For the reason.

    Returns
    -------
    dict
        Its time is that of the last document that has one: later than that nothing is known of the run.
    """
    start = documents[0][1]
    counts = num_events(documents)
    points = str(counts.get("primary", 0))
    if isinstance(start.get("num_points"), int):
        points += f" of {start['num_points']}"
    return {
        "uid": str(uuid.uuid4()),
        "time": next(doc["time"] for _, doc in reversed(documents) if "time" in doc),
        "run_start": start["uid"],
        "exit_status": "fail",
        "reason": (
            "the process that measured this run ended without closing it "
            f"(recovered {now.isoformat(timespec='seconds')}); it had taken {points} points"
        ),
        "num_events": counts,
    }


def _close(path: Path, file: IO[bytes]) -> Recovered | None:
    documents, end = read(path)
    if not documents or documents[0][0] != "start":
        return _set_aside(path)
    if any(name == "stop" for name, _ in documents):
        return None
    stop = stop_document(documents, datetime.now().astimezone())
    # Over the torn line, into the room that the dead process had reserved; cutting first would give that up.
    end = _write(file, end, encode("stop", stop))
    file.truncate(end)
    os.fsync(file.fileno())
    line = f"run {path.stem}: closed as failed: {stop['reason']}"
    return Recovered(path.stem, path, "closed", line, stop["num_events"])


def _left(path: Path, why: str) -> Recovered:
    return Recovered(path.stem, path, "left", f"run {path.stem}: not closed: {why}")


def _write(file: IO[bytes], offset: int, line: bytes) -> int:
    written = 0
    try:
        while written < len(line):
            written += os.pwrite(file.fileno(), line[written:], offset + written)
    except OSError:
        file.truncate(offset)
        raise
    return offset + len(line)


def _set_aside(path: Path) -> Recovered:
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    sync_folder(path.parent)
    line = f"run {path.stem}: no whole start document: nothing can be said about it; kept as {aside}"
    return Recovered(path.stem, aside, "set aside", line)
