"""Hand out a container's chunks as they are in the file: a hundredth of the bytes, for who decodes them."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response, Security
from tiled.server.authentication import (
    check_scopes,
    get_current_access_tags,
    get_current_principal,
    get_current_scopes,
    get_session_state,
)
from tiled.server.dependencies import get_entry, get_root_tree
from tiled.structures.core import StructureFamily

from stemline.analysis.codecs import CorruptChunk

from ..error import CatalogError
from .frame_container_adapter import FrameContainerAdapter

MEDIA_TYPE = "application/x-stemline-chunks"
FIRST_ROW = "Stemline-First-Row"
MOST = 1 << 29  # bytes of an answer: some seconds on a fast network
SCOPES = ["read:data"]

router = APIRouter()


@router.get("/stemline/chunks/{path:path}")
async def chunks(
    path: str,
    request: Request,
    start: Annotated[int, Query(ge=0)],
    stop: Annotated[int, Query(ge=0)],
    principal: Annotated[Any, Depends(get_current_principal)],
    tree: Annotated[Any, Depends(get_root_tree)],
    session: Annotated[Any, Depends(get_session_state)],
    tags: Annotated[Any, Depends(get_current_access_tags)],
    scopes: Annotated[Any, Depends(get_current_scopes)],
    _: Annotated[Any, Security(check_scopes, scopes=SCOPES)],
) -> Response:
    """Answer with the chunks that hold rows `start` to `stop`, one after another.

    The header ``Stemline-First-Row`` names the row that the first chunk begins with.
    """
    policy = getattr(request.app.state, "access_policy", None)
    arrays = {StructureFamily.array}
    entry = await get_entry(
        path, SCOPES, principal, tags, scopes, tree, session, request.state.metrics, arrays, policy
    )
    adapter = await entry.get_adapter()
    if not isinstance(adapter, FrameContainerAdapter):
        raise HTTPException(406, detail=f"{path} is not a container of encoded frames: read it as an array")
    try:
        first, found = await anyio.to_thread.run_sync(adapter.chunks, start, stop)
    except IndexError as error:
        raise HTTPException(400, detail=str(error)) from error
    except (CatalogError, CorruptChunk) as error:
        raise HTTPException(409, detail=str(error)) from error
    if sum(map(len, found)) > MOST:
        raise HTTPException(400, detail=f"more than {MOST} bytes: ask for fewer frames at a time")
    return Response(b"".join(found), media_type=MEDIA_TYPE, headers={FIRST_ROW: str(first)})
