"""What the embedded catalog is told: where it keeps its data, where it listens, what it may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .error import CatalogError


class CatalogConfig(BaseModel):
    """The embedded catalog server: one data folder, one port, loopback unless told otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="folder of the catalog: databases, events, keys and log")
    host: str = Field(default="127.0.0.1", description="address to listen on; 127.0.0.1 is this machine only")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=0, description="TCP port; 0 takes one that is free"
    )
    readable: tuple[Path, ...] = Field(
        default=(), description="folders of frame files as the catalog sees them (the IOC's read root)"
    )
    # Importing Tiled takes 3 s on an idle core; a busy machine needs ten times that now and then.
    start_timeout: Annotated[float, Field(gt=0)] = Field(
        default=60.0, description="time the server may take until it answers [s]"
    )

    @property
    def log_file(self) -> Path:
        """Where the server's messages and tracebacks go."""
        return self.folder / "catalog.log"


def prepare_folder(folder: Path) -> None:
    """Make the catalog's folder and prove that it can be written.

    Raises
    ------
    CatalogError
        If it can't.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CatalogError(
            f"catalog folder {folder} is not writable ({error.strerror}): choose another folder"
        ) from error
