from __future__ import annotations

import os
from pathlib import Path

import pytest
import tiled
import yaml
from fastapi.routing import APIRoute

from stemline.tiled_config.pages.browser_pages import PAGES, UI_SETTINGS, router

SETTINGS = yaml.safe_load(UI_SETTINGS.read_text())


def test_script_is_served_where_the_settings_say() -> None:
    (url,) = {view["url"] for view in SETTINGS["spec_views"]}
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert url == f"/custom{route.path}"  # where Tiled puts routers
    answer = route.endpoint()
    assert (answer.path, answer.media_type) == (PAGES, "text/javascript")


def test_every_spec_has_a_page() -> None:
    registered = PAGES.read_text().split("window.__TILED_SPEC_VIEWS__ = ")[1]
    assert all(f"{view['spec']}: " in registered for view in SETTINGS["spec_views"])


def test_all_else_is_as_tiled_has_it() -> None:
    from tiled.utils import SHARE_TILED_PATH

    if SHARE_TILED_PATH is None:
        pytest.skip(f"tiled in {os.path.dirname(tiled.__file__)} came without its web pages")
    default = yaml.safe_load(Path(SHARE_TILED_PATH, "static", "default_ui_settings.yml").read_text())
    assert {key: value for key, value in SETTINGS.items() if key != "spec_views"} == default
