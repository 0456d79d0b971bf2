"""The catalog's keys: one for each role, with the least rights it needs, in files of their owner's alone."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ..error import CatalogError

READING = ("read:metadata", "read:data")
WRITING = (*READING, "create:node", "write:metadata", "write:data")
# What a key may do by itself; where it may do it is told by `access.PlacePolicy`.
SCOPES = {
    # The forwarder writes a run afresh that differs from its journal, which is kept; nobody else deletes.
    "acquisition": (*WRITING, "register", "delete:node", "delete:revision"),
    "agent": WRITING,
    "viewer": READING,
    # Makes and revokes keys of these roles while the catalog is served; nobody of ours holds it.
    "admin": (*READING, "read:principals", "write:principals", "admin:apikeys"),
}
# Of the layout before there were roles: the one key for everything.
OLD_FILE = "api_key"


@dataclass(frozen=True)
class Keys:
    """The keys of a catalog; they are not in its `repr`."""

    acquisition: str = field(repr=False)
    agent: str = field(repr=False)
    viewer: str = field(repr=False)
    admin: str = field(repr=False)


def make_keys(folder: Path) -> Keys:
    """Read the keys of the catalog in `folder`, and make those that are missing.

    The files are the truth: the catalog takes these keys and no older ones when it starts. Deleting one and
    restarting the catalog revokes it.

    Parameters
    ----------
    folder
        Of the catalog; the keys are in its folder ``keys``, a file for each role.

    Raises
    ------
    CatalogError
        If a file can't be read or holds no key.
    """
    keys = folder / "keys"
    try:
        keys.mkdir(mode=0o700, exist_ok=True)
        _adopt(folder / OLD_FILE, keys / "acquisition")
    except OSError as error:
        raise CatalogError(
            f"folder of keys {keys} can't be made ({error.strerror}): check its owner"
        ) from error
    return Keys(**{role: _key(keys / role) for role in SCOPES})


def _adopt(old: Path, new: Path) -> None:
    """Keep the key of an older folder, with the rights of the acquisition: its other rights are gone."""
    if old.is_file() and not new.exists():
        old.rename(new)
        new.chmod(0o600)


def _key(path: Path) -> str:
    try:
        try:
            # As many bytes as Tiled takes for a key.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_text().strip()
        else:
            key = secrets.token_hex(36)
            with os.fdopen(descriptor, "w") as file:
                file.write(key + "\n")
    except OSError as error:
        raise CatalogError(f"key file {path} can't be used ({error.strerror}): check its owner") from error
    try:
        usable = len(bytes.fromhex(key)) >= 16
    except ValueError:
        usable = False
    if not usable:
        raise CatalogError(f"key file {path} holds no key: delete it, and a new one is made")
    return key
