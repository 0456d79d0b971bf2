"""How a failure is shown: one line on the terminal, the traceback in a log file."""

from __future__ import annotations

import sys
import traceback
from datetime import datetime
from pathlib import Path

from platformdirs import user_log_path


def one_line(error: BaseException) -> str:
    """Say an exception in one line; its type stands in where it has no text."""
    text = " ".join(str(error).split())
    return text or type(error).__name__


def log_traceback(error: BaseException) -> Path | None:
    """Append the traceback to the user's log file; None where it can't be written."""
    try:
        path = user_log_path("stemline", ensure_exists=True) / "stemline.log"
        with path.open("a") as log:
            log.write(f"--- {datetime.now().astimezone().isoformat()} {' '.join(sys.argv)}\n")
            traceback.print_exception(error, file=log)
    except OSError:
        return None
    return path


def report_failure(error: BaseException) -> None:
    """Print the one line, and where the traceback went."""
    path = log_traceback(error)
    where = f" (traceback: {path})" if path else ""
    print(f"stemline: {one_line(error)}{where}", file=sys.stderr)
