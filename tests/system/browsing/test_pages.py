"""The web pages, in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium"),
]


@pytest.fixture
def look(served: Any, tmp_path: Path) -> Any:
    """Open a page, wait until it has settled, return its text and its elements."""

    def look(path: str) -> str:
        done = subprocess.run(
            [
                str(BROWSER),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={tmp_path}",
                "--virtual-time-budget=10000",
                "--dump-dom",
                f"{served.url}/ui/browse/{path}?api_key={served.key}",
            ],
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
        return done.stdout

    return look


def test_list_of_runs_says_what_they_are(look: Any, served: Any) -> None:
    page = look("runs/")
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows if "<td" in row]
    assert [row[2:4] for row in cells] == [["random", "silver"], ["adaptive", "gold"]]
    assert [row[5] for row in cells] == ["running", "success: measured enough"]
    assert cells[1][4] == "7 of 7"
    assert f'href="/ui/browse/runs/{served.uid}/"' in cells[1][0]


def test_run_shows_survey_spectra_and_visited_points_in_physical_units(look: Any, served: Any) -> None:
    page = look(f"runs/{served.uid}/")
    assert "success: measured enough" in page
    for label in ("x [nm]", "y [nm]", "energy [eV]", "scalar_value [eV]"):
        assert label in page
    visited = re.findall(r"<title>point (\d+)</title>", page)
    assert visited == [str(i + 1) for i in range(len(served.positions))]
    assert "eels_spectrum, event 7 of 7" in page
    assert "data:image/png;base64" in page
    # The curve of hinted scalars; the value that does not exist is a gap, not a point.
    assert page.count('r="2.2"') == len(served.positions) - 1


def test_open_run_is_shown_as_running(look: Any, served: Any) -> None:
    page = look(f"runs/{served.open_uid}/")
    assert "running" in page
    assert page.count("<title>point ") == len(served.positions)


def test_stream_by_itself_has_the_same_axes(look: Any, served: Any) -> None:
    page = look(f"runs/{served.uid}/primary/")
    assert "energy [eV]" in page
    assert page.count("<svg") >= 4


def test_tables_of_events_have_rows(look: Any, served: Any) -> None:
    page = look(f"runs/{served.uid}/primary/internal")
    assert "No rows" not in page
    assert re.search(r"scanner_y", page)
    assert f"{served.positions[0, 0]:#.4g}" in page


def test_settings_name_pages_that_are_served(served: Any) -> None:
    settings = httpx.get(f"{served.url}/tiled-ui-settings").json()
    (url,) = {view["url"] for view in settings["spec_views"]}
    script = httpx.get(served.url + url)
    assert script.headers["content-type"].startswith("text/javascript")
    assert all(f"{view['spec']}:" in script.text for view in settings["spec_views"])
