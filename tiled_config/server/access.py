"""Where in the catalog a key may write: the acquisition below `runs`, everybody else below `derived`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tiled.access_control.access_policies import ALL_ACCESS, NO_ACCESS
from tiled.access_control.protocols import AccessPolicy, normalize_access_tags
from tiled.access_control.scopes import ScopeName

from .keys import READING


class PlacePolicy(AccessPolicy):  # type: ignore[misc]
    """What a key may do is in its scopes; this adds where. Everything may be read by whoever may read.

    The key that may register files is the acquisition's: only it can make a run. An administrator's may go
    anywhere.

    Parameters
    ----------
    acquisition, agent
        Names of the two containers at the root.
    """

    def __init__(self, acquisition: str = "runs", agent: str = "derived") -> None:
        self._acquisition, self._agent = acquisition, agent

    async def allowed_scopes(
        self, node: Any, principal: Any, authn_access_tags: Any, authn_scopes: Collection[str]
    ) -> set[str]:
        """Scopes of this key at this node."""
        scopes = set(authn_scopes)
        reading = scopes & set(READING)
        if scopes == reading or ScopeName.admin_apikeys in scopes:
            return scopes
        own = self._acquisition if ScopeName.register in scopes else self._agent
        return scopes if await _place(node) == own else reading

    async def filters(
        self,
        node: Any,
        principal: Any,
        authn_access_tags: Any,
        authn_scopes: Collection[str],
        scopes: Collection[str],
    ) -> Any:
        """Hide nothing from who may read."""
        return ALL_ACCESS if set(scopes) <= set(authn_scopes) else NO_ACCESS

    async def init_node(
        self,
        principal: Any,
        authn_access_tags: Any,
        authn_scopes: Collection[str],
        access_tags: Any = None,
    ) -> tuple[bool, Any]:
        """Nodes have no tags: their place says it all."""
        return bool(access_tags), normalize_access_tags()


async def _place(node: Any) -> str | None:
    """Name of the container at the root that `node` is (in); None for the root and for what is in files."""
    if not hasattr(node, "path_segments"):
        return None
    return next(iter(await node.path_segments()), None)
