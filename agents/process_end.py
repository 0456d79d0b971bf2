"""How a process ended, for the one who has to find out why."""

from __future__ import annotations

import os
import signal
from pathlib import Path

LAST_BYTES = 4096  # of a log: its last line is among them


def how_it_ended(code: int) -> str:
    """Say an exit code, or the signal that ended the process, as `subprocess` has it."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    # Linux ends the largest process so when memory runs out, and says it in the kernel's log only.
    return f"was killed by {name}" + (" (perhaps the memory ran out)" if -code == signal.SIGKILL else "")


def last_words(log_file: Path, since: int) -> str:
    """Return the last line written to a log after its first `since` bytes, "" if there is none."""
    try:
        with log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(since, size - LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
