"""Make a catalog ready: `python -m stemline.tiled_config.server.prepare FOLDER`, any number of times.

Databases, the two containers, and the keys in FOLDER/keys. The databases are those that the environment names
as `config.production.yml` does, else SQLite files in FOLDER.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import sys
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from tiled.authn_database.orm import APIKey, Identity, Principal, Role
from tiled.catalog import from_uri
from tiled.catalog.adapter import Collision
from tiled.commandline._admin import initialize_database
from tiled.commandline._catalog import init
from tiled.structures.core import Spec
from tiled.utils import ensure_specified_sql_driver
from typer import Abort

from ..error import CatalogError
from .key_authenticator import PROVIDER
from .keys import SCOPES, Keys, make_keys

CONTAINERS = {"runs": (Spec("CatalogOfBlueskyRuns", version="3.0"),), "derived": ()}
CATALOG_FILE, KEYS_FILE = "catalog.db", "keys.db"
ENVIRONMENT = ("STEMLINE_CATALOG_URI", "STEMLINE_KEYS_URI")
# By which our own entries in the database of keys are known.
NOTE = "stemline: in a key file"


def prepare(folder: Path, catalog_uri: str, keys_uri: str) -> None:
    """Make what is not there yet; take the keys of the files and no older ones.

    Parameters
    ----------
    folder
        Whose folder ``keys`` holds the keys.
    catalog_uri, keys_uri
        Addresses of the two databases.
    """
    init(catalog_uri, if_not_exists=True)
    # Tiled's way to say that it was initialised before.
    with contextlib.suppress(Abort):
        initialize_database(keys_uri)
    asyncio.run(_fill(folder, catalog_uri, keys_uri))


async def _fill(folder: Path, catalog_uri: str, keys_uri: str) -> None:
    await _make_containers(catalog_uri)
    engine = create_async_engine(ensure_specified_sql_driver(keys_uri))
    try:
        async with AsyncSession(engine) as session:
            keys = make_keys(folder)
            for role in SCOPES:
                await _enter(session, role, getattr(keys, role))
            await session.commit()
    finally:
        await engine.dispose()


async def _make_containers(uri: str) -> None:
    catalog = from_uri(uri)
    await catalog.startup()
    try:
        for name, specs in CONTAINERS.items():
            try:
                await catalog.create_node(
                    structure_family="container", metadata={}, key=name, specs=list(specs)
                )
            except Collision:
                continue
    finally:
        await catalog.shutdown()


async def _enter(session: AsyncSession, name: str, key: str) -> None:
    """Have `key` be the one key of a role."""
    role = (await session.execute(select(Role).where(Role.name == name))).scalar()
    if role is None:
        session.add(role := Role(name=name, description="of stemline"))
    role.scopes = list(SCOPES[name])
    known = select(Identity).where(Identity.provider == PROVIDER, Identity.id == name)
    identity = (await session.execute(known)).scalar()
    if identity is None:
        principal = Principal(type="service", roles=[role])
        session.add(principal)
        await session.flush()
        identity = Identity(provider=PROVIDER, id=name, principal_id=principal.id)
        session.add(identity)
    await session.execute(
        delete(APIKey).where(APIKey.principal_id == identity.principal_id, APIKey.note == NOTE)
    )
    session.add(
        APIKey(
            principal_id=identity.principal_id,
            note=NOTE,
            scopes=list(SCOPES[name]),
            first_eight=key[:8],
            hashed_secret=_hash(key),
        )
    )


def prepare_files(folder: Path) -> None:
    """Prepare the SQLite files of an embedded catalog; harmless and quick when that was done before.

    New files get their names when they are complete: what is interrupted leaves nothing to trip over.

    Raises
    ------
    CatalogError
        If a key file can't be used.
    """
    keys = make_keys(folder)
    paths = [folder / name for name in (CATALOG_FILE, KEYS_FILE)]
    if all(path.exists() for path in paths) and _known(paths[1]) == _hashes(keys):
        return
    made = [path if path.exists() else path.with_name(path.name + ".new") for path in paths]
    new = [(path, file) for path, file in zip(paths, made, strict=True) if file != path]
    for _, file in new:
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
    prepare(folder, *(f"sqlite:///{file.absolute()}" for file in made))
    for path, file in new:
        file.rename(path)


def _hashes(keys: Keys) -> set[bytes]:
    return {_hash(getattr(keys, role)) for role in SCOPES}


def _hash(key: str) -> bytes:
    return hashlib.sha256(bytes.fromhex(key)).digest()


def _known(path: Path) -> set[bytes]:
    """Hashes of the keys that a database has from key files; none if it is no database of keys."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT hashed_secret FROM api_keys WHERE note = ?", (NOTE,))
            return {row[0] for row in rows}
    except sqlite3.Error:
        return set()


def main() -> int:
    """Prepare what the arguments and the environment name."""
    folder = Path(sys.argv[1])
    uris = [os.environ.get(name) for name in ENVIRONMENT]
    try:
        if uris[0] and uris[1]:
            prepare(folder, uris[0], uris[1])
        else:
            prepare_files(folder.absolute())
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
