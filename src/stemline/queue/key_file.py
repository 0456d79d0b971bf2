"""A key that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def mint(path: Path) -> Path:
    """Write a new key to `path`, unless there is one: what knows it goes on working after a restart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return path
    with os.fdopen(file, "w") as text:
        text.write(secrets.token_hex(32) + "\n")
    return path
