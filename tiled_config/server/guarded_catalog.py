"""Tiled's catalog, with files looked at when they are registered and again when they are read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from tiled.catalog import from_uri
from tiled.catalog.adapter import STRUCTURES
from tiled.storage import FileStorage

from ..adapters.assets import check_asset, check_path
from ..error import CatalogError


def catalog(**arguments: Any) -> Any:
    """Make the tree that `config.yml` serves: ``tree: stemline.tiled_config.server.guarded_catalog:catalog``.

    Tiled has one map a process from kinds of node to classes; it gets guarded ones, for all of its catalogs.

    Parameters
    ----------
    **arguments
        As of Tiled's ``tree: catalog``; ``cache_config`` takes what is ``streaming_cache`` there.
    """
    STRUCTURES.update({family: _guarded(node) for family, node in STRUCTURES.items()})
    root = from_uri(**arguments)
    return STRUCTURES["container"](root.context, root.node, mount_path=arguments.get("mount_node"))


class _Guard:
    """What goes before Tiled's own methods."""

    context: Any
    node: Any

    def _roots(self) -> list[Path]:
        storage = self.context.readable_storage.values()
        return [item.path for item in storage if isinstance(item, FileStorage)]

    async def _put_asset(self, db: Any, asset: Any) -> Any:
        if asset.parameter is None:
            # Tiled reads such a file without looking where it lies.
            raise HTTPException(403, detail=f"asset {asset.data_uri} has no parameter: name one")
        # Tables of events are in databases of the catalog's own.
        if asset.data_uri not in self.context.writable_storage:
            with _refusals():
                check_asset(asset.data_uri, self._roots())
        return await super()._put_asset(db, asset)  # type: ignore[misc]

    async def put_data_source(self, data_source: Any, patch: Any) -> None:
        # Tiled would change that of any other node too.
        if data_source.id not in {known.id for known in self.node.data_sources or ()}:
            raise HTTPException(404, detail=f"no data_source {data_source.id} on this node")
        await super().put_data_source(data_source, patch)  # type: ignore[misc]

    def _ensure_uri_within_readable_storage(self, uri: str) -> None:
        if uri.startswith("file:"):
            with _refusals():
                check_path(uri, self._roots())

    async def get_adapter(self) -> Any:
        with _refusals():
            return await super().get_adapter()  # type: ignore[misc]

    async def _get_lazy_adapter(self, **arguments: Any) -> Any:
        with _refusals():
            return await super()._get_lazy_adapter(**arguments)  # type: ignore[misc]

    async def asset_by_id(self, asset_id: int) -> Any:
        asset = await super().asset_by_id(asset_id)  # type: ignore[misc]
        if asset is not None:
            self._ensure_uri_within_readable_storage(asset.data_uri)
        return asset


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Answer with the reason: an error of the server would hide it."""
    try:
        yield
    except CatalogError as error:
        raise HTTPException(403, detail=str(error)) from error


def _guarded(node: type) -> type:
    return node if issubclass(node, _Guard) else type(f"Guarded{node.__name__}", (_Guard, node), {})
