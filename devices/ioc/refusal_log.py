"""The record of what the IOC has refused."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

log = logging.getLogger(__name__)


class RefusalLog:
    """A file with one line of JSON for each put that was refused or has failed.

    Parameters
    ----------
    path
        Is appended to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, pv: str, client: str, message: str) -> None:
        """Record a refusal; a disk that is full does not keep the IOC from refusing."""
        line = json.dumps({"time": time.time(), "pv": pv, "client": client, "message": message})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(line + "\n")
        except OSError as error:
            log.warning("a refusal could not be recorded in %s: %s", self._path, error)
