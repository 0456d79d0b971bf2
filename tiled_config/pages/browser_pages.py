"""Pages of Tiled's web UI for runs of a microscope: served beside the API, named in `ui_settings.yml`."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

UI_SETTINGS = Path(__file__).with_name("ui_settings.yml")
PAGES = Path(__file__).with_name("browser_pages.js")

router = APIRouter()


@router.get("/stemline/pages.js", include_in_schema=False)
def pages() -> FileResponse:
    """Hand out the script; there is nothing of the catalog in it."""
    return FileResponse(PAGES, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
