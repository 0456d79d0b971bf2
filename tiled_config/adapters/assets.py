"""Which files the catalog may refer to: below a readable root, whichever way one looks at them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import h5py

from ..error import CatalogError


def check_asset(uri: str, roots: Collection[Path]) -> None:
    """Refuse what would make the catalog give out files that it was not told to serve.

    Tiled compares paths before it resolves them: a link or ``..`` below a readable folder reaches any file of
    the machine. A file that is not there (yet, or no more) is not refused: there is nothing to follow.

    Parameters
    ----------
    uri
        ``file://localhost/path``, read as Tiled reads it (no percent decoding).
    roots
        Folders that the catalog may read.

    Raises
    ------
    CatalogError
        If it is no file of this machine, not below a root after links are resolved, or if it is an HDF5 file
        (or a folder with something in it) that leads outside.
    """
    path = check_path(uri, roots)
    if path.is_dir():
        for inner in _links_below(path):
            _check_below(inner, roots)
    elif path.is_file():
        if h5py.is_hdf5(path):
            check_frame_file(path)
    elif path.exists():
        raise CatalogError(f"asset {path} is neither a file nor a folder: only these can be served")


def check_path(uri: str, roots: Collection[Path]) -> Path:
    """Do the part of `check_asset` that looks at the place only, and return the file's path.

    Raises
    ------
    CatalogError
        If it is no file of this machine, or not below a root after links are resolved.
    """
    path = asset_path(uri)
    _check_below(path, roots)
    return path


def asset_path(uri: str) -> Path:
    """Path of the file that `uri` names.

    Raises
    ------
    CatalogError
        If it names none, or one that can be read in two ways.
    """
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise CatalogError(f"asset {uri} is no file of this machine: only file://localhost/... can be served")
    # Tiled drops what follows these: the path that is checked would not be the one that is opened.
    if parts.query or parts.fragment or any(mark in uri for mark in ";?#\0"):
        raise CatalogError(f"asset {uri} has one of ; ? # in its path: rename the file")
    path = Path(parts.path)
    if not path.is_absolute() or ".." in path.parts:
        raise CatalogError(f"asset {uri} is not a plain absolute path: write it without '..'")
    return path


def check_frame_file(path: Path) -> None:
    """Refuse an HDF5 file that takes anything from another file.

    Raises
    ------
    CatalogError
        If there is an external link, external storage or a virtual dataset of another file in it, or if it
        can't be opened.
    """
    try:
        # As a file that is still being written has to be opened; it does no harm to others.
        with h5py.File(path, "r", libver="latest", swmr=True) as file:
            for name, what in _ways_out(file):
                raise CatalogError(
                    f"HDF5 file {path} has {what} at {name}: put the data into the file itself"
                )
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise CatalogError(f"HDF5 file {path} can't be read ({error}): is it complete?") from error


def _ways_out(file: h5py.File) -> Iterator[tuple[str, str]]:
    """Name and kind of everything in `file` that is read from elsewhere."""
    links: list[tuple[bytes, int]] = []
    # Visits every group once and follows neither soft nor external links.
    file.id.links.visit(lambda name, info: links.append((name, info.type)), info=True)
    for name, kind in links:
        shown = "/" + name.decode(errors="replace")
        if kind == h5py.h5l.TYPE_SOFT:
            # It stays in the file unless it leads to a link that is refused below.
            continue
        if kind != h5py.h5l.TYPE_HARD:
            yield shown, "an external link"
            continue
        thing = h5py.h5o.open(file.id, name)
        if not isinstance(thing, h5py.h5d.DatasetID):
            continue
        layout = thing.get_create_plist()
        if layout.get_external_count():
            yield shown, "external storage"
        if layout.get_layout() == h5py.h5d.VIRTUAL and any(
            layout.get_virtual_filename(i) != "." for i in range(layout.get_virtual_count())
        ):
            yield shown, "a virtual dataset of another file"


def _check_below(path: Path, roots: Collection[Path]) -> None:
    resolved = _resolve(path)
    if not any(resolved.is_relative_to(_resolve(root)) for root in roots):
        leads = "" if resolved == path else f" leads to {resolved}, which"
        raise CatalogError(
            f"asset {path}{leads} is in no readable folder of the catalog: add its folder to readable"
        )


def _links_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        paths = (Path(parent, name) for name in (*folders, *files))
        yield from (path for path in paths if path.is_symlink())


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise CatalogError(f"asset {path} can't be resolved ({error}): is it a link to itself?") from error
