"""One server a catalog folder: two would corrupt each other's tables."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import IO

from ..error import CatalogError

LOCK_FILE = "catalog.lock"


def lock(folder: Path) -> IO[str]:
    """Take the folder for this process, until it ends or closes the file.

    Raises
    ------
    CatalogError
        If another server has it.
    """
    file = (folder / LOCK_FILE).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        # Between its taking the lock and its saying so here.
        holder = file.read().strip() or "by a server that is starting"
        file.close()
        raise CatalogError(
            f"catalog folder {folder} is already served ({holder}): use that server or stop it"
        ) from None
    _write(file, f"process {os.getpid()}, still starting")
    return file


def tell_port(file: IO[str], port: int) -> None:
    """Say in the lock's file where this process serves."""
    _write(file, f"process {os.getpid()}, port {port}")


def served_port(folder: Path) -> int | None:
    """Port of the server that has the folder; None if there is none, or it still starts."""
    try:
        with (folder / LOCK_FILE).open() as file:
            holder = re.search(r"port (\d+)", file.read())
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return None if holder is None else int(holder[1])
    return None


def _write(file: IO[str], holder: str) -> None:
    file.truncate(0)
    file.write(f"{holder}\n")
    file.flush()
