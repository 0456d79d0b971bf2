"""What a forwarder says about itself in the journal folder, and the lock that tells whether it lives."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..error import CatalogError

LOCK_FILE = "forwarder.lock"
STATUS_FILE = "forwarder.json"
# Below the journal folder: runs that the catalog has all of.
FORWARDED = "forwarded"


@dataclass(frozen=True)
class ForwarderStatus:
    """How far a forwarder is.

    Attributes
    ----------
    pid
        Of its process.
    time
        When it said so [s since 1970].
    catalog
        Address of the catalog, without a key.
    behind
        Documents in the journals that are not yet in the catalog.
    oldest
        Time of the oldest such document [s since 1970], None if there is none (or it has no time).
    error
        What is wrong now, in one line; None if nothing is.
    set_aside
        By uid, why a run was given up until the forwarder is started again.
    """

    pid: int
    time: float
    catalog: str
    behind: int = 0
    oldest: float | None = None
    error: str | None = None
    set_aside: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Replace what the file says."""
        fresh = folder / f"{STATUS_FILE}.new"
        fresh.write_text(json.dumps(asdict(self)) + "\n")
        fresh.replace(folder / STATUS_FILE)


def last_status(folder: Path) -> ForwarderStatus | None:
    """Read what the forwarder of a journal folder said last, also when it is gone; None if there was none."""
    try:
        return ForwarderStatus(**json.loads((folder / STATUS_FILE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def forwarder_lives(folder: Path) -> bool:
    """Tell whether a forwarder follows a journal folder, though it may be stopped."""
    try:
        with (folder / LOCK_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextlib.contextmanager
def only_forwarder(folder: Path, patience: float = 5.0) -> Iterator[None]:
    """Hold the lock of a journal folder.

    Parameters
    ----------
    folder
        Of the journals; made if it is not there.
    patience
        How long to wait for one that is just ending [s].

    Raises
    ------
    CatalogError
        If another forwarder has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with (folder / LOCK_FILE).open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.seek(0)
                    raise CatalogError(
                        f"journals in {folder} are already forwarded ({file.read().strip()}): "
                        "leave it to that process or stop it"
                    ) from None
                time.sleep(0.05)
        file.truncate(0)
        file.write(f"process {os.getpid()}\n")
        file.flush()
        yield
