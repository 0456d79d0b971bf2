"""The catalog's database, made while the server is still importing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .error import CatalogError


def make_database(path: Path) -> Callable[[], None]:
    """Begin to make the tables of a new catalog; call the result to wait for them.

    Tiled would do it in the middle of its start, and at every start, which then takes twice as long. The file
    gets its name when it is complete: a start that is interrupted leaves nothing that a later one trips over.

    Parameters
    ----------
    path
        Of the SQLite file, in the working directory; nothing is done when it is there.

    Raises
    ------
    CatalogError
        By the result, if Tiled could not make them.
    """
    if path.exists():
        return lambda: None
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    making = subprocess.Popen(
        [sys.executable, "-P", "-m", "tiled", "catalog", "init", f"sqlite:///{unfinished.name}"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )

    def finish() -> None:
        if code := making.wait():
            raise CatalogError(f"catalog database {path.absolute()} can't be made (exit code {code})")
        unfinished.rename(path)

    return finish
