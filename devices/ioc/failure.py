"""Errors as answers of the driver's process."""

from __future__ import annotations

import traceback
from typing import Any

from ..instruments.protocol import Aborted, InstrumentError


def failure(error: Exception) -> dict[str, Any]:
    """Describe an error as an answer: its line, whether it was an abort, and the traceback of a bug."""
    kind = "aborted" if isinstance(error, Aborted) else "failed"
    trace = "" if isinstance(error, InstrumentError) else traceback.format_exc()
    return {"error": one_line(error), "kind": kind, "traceback": trace}


def one_line(error: Exception) -> str:
    """Say an error in one line, with its type where its words alone do not tell."""
    text = " ".join(str(error).split())
    known = isinstance(error, (InstrumentError, OSError, ValueError))
    return text if known else f"{type(error).__name__}: {text}"
