"""The catalog by name: a Tiled profile, which is also what databroker looks names up in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import yaml
from tiled import profiles

from ..error import CatalogError
from .connection import RUNS

NAME = "stemline"


@contextlib.contextmanager
def profile(folder: Path, uri: str, api_key: str, name: str = NAME) -> Iterator[Path]:
    """Keep a profile of a catalog for as long as it is served.

    Readers find it with ``TILED_PROFILES=<folder>`` in their environment, with `link_profile`, or, in this
    process, with `search_profiles`.

    Parameters
    ----------
    folder
        Where profiles are looked for, made if need be; below the session's data folder.
    uri
        Address of the Tiled server, as `CatalogServer.uri` gives it.
    api_key
        The key that readers get: one that can only read, if there is one. The file is its owner's alone.
    name
        As in ``databroker.catalog[name]``, ``Broker.named(name)``, ``tiled.client.from_profile(name)``.

    Yields
    ------
    Path
        The profile; removed at the end, so that a reader who is too late is told at once.

    Raises
    ------
    CatalogError
        If it can't be written.
    """
    path = folder / f"{name}.yml"
    address = httpx.URL(f"{uri}/metadata/{RUNS}", params={"api_key": api_key})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_for_owner(path, yaml.safe_dump({name: {"uri": str(address)}}))
    except OSError as error:
        raise CatalogError(
            f"profile {path} can't be written ({error.strerror}): choose another data folder"
        ) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def search_profiles(folder: Path) -> None:
    """Have this process look for profiles in `folder` too; harmless when it does already."""
    if folder not in profiles.paths:
        profiles.paths.append(folder)
    # Tiled reads profiles once a process.
    profiles.load_profiles.cache_clear()


def link_profile(path: Path, into: Path | None = None) -> Path:
    """Have every program of this user find a profile, by a link in Tiled's folder of profiles.

    A link holds no key and no address: it stays right when the catalog is served again at another port.

    Parameters
    ----------
    path
        The profile, as `profile` yields it; it need not be there now.
    into
        Folder for the link; by default the user's own, which all Tiled clients look in.

    Returns
    -------
    Path
        The link.

    Raises
    ------
    CatalogError
        If another profile has that name already, or the link can't be made.
    """
    link = (into or profiles.paths[-1]) / path.name
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(path.absolute())
    except FileExistsError as error:
        raise CatalogError(f"{link} is a profile of somebody else: rename or remove it") from error
    except OSError as error:
        raise CatalogError(f"profile {link} can't be linked ({error.strerror}): check its folder") from error
    return link


def _write_for_owner(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
