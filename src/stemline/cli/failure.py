"""How a failure is shown: one line on the terminal, the traceback in a log file."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import datetime
from pathlib import Path

from platformdirs import user_log_path


def one_line(error: BaseException) -> str:
    """Say an exception in one line; its type stands in where it has no text."""
    text = " ".join(str(error).split())
    return text or type(error).__name__


def log_file() -> Path:
    """Return the user's log file, its folder made."""
    return user_log_path("stemline", ensure_exists=True) / "stemline.log"


def send_logs_to_file() -> None:
    """Keep what libraries log, tracebacks above all, out of the terminal."""
    try:
        handler: logging.Handler = logging.FileHandler(log_file(), delay=True)
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)


def log_traceback(error: BaseException) -> Path | None:
    """Append the traceback to the user's log file; None where it can't be written."""
    try:
        path = log_file()
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
