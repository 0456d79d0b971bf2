"""The catalog's process: how it starts, how it ends, what it gives away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.server import CatalogServer

pytestmark = pytest.mark.system


def test_folder_is_served_once(server: Any) -> None:
    with pytest.raises(CatalogError, match=r"already served \(process \d+, port \d+\)"):
        CatalogServer(server.config).start()
    assert server.alive


def test_port_in_use(server: Any, tmp_path: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    refused = CatalogServer(CatalogConfig(folder=tmp_path, port=port))
    with pytest.raises(CatalogError, match=f"port {port} .*choose another port"):
        refused.start()
    assert not refused.alive


def test_too_slow(tmp_path: Path) -> None:
    late = CatalogServer(CatalogConfig(folder=tmp_path, start_timeout=0.01))
    with pytest.raises(CatalogError, match="did not answer within 0.01 s"):
        late.start()
    assert not late.alive


def test_says_why_it_died(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_text("this is no database, whatever its name says\n" * 99)
    broken = CatalogServer(CatalogConfig(folder=tmp_path))
    with pytest.raises(CatalogError, match=r"exit code \d\).*file is not a database.*catalog\.log") as caught:
        broken.start()
    assert "\n" not in str(caught.value)


def test_wrong_key(server: Any) -> None:
    with pytest.raises(CatalogError, match="refused the API key"):
        connect(server.uri, "0" * 64)


def test_address_of_a_page_is_not_the_catalogs(server: Any) -> None:
    with pytest.raises(CatalogError, match="is a web page.*ends with /api/v1") as caught:
        connect(server.web_url, server.viewer_key)
    assert server.viewer_key not in str(caught.value)


def test_web_pages_and_key(server: Any) -> None:
    assert "<html" in httpx.get(server.web_url, follow_redirects=True).text
    assert httpx.get(f"{server.uri}/metadata/runs").status_code == 401
    command = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode()
    environment = Path(f"/proc/{server.pid}/environ").read_bytes().decode()
    log = server.config.log_file.read_text()
    for key in (server.api_key, server.agent_key, server.viewer_key, server.keys.admin):
        assert key not in command + environment + log + repr(server)


def test_what_is_shown_to_the_user_can_only_read(server: Any) -> None:
    assert server.web_url.endswith(server.viewer_key)
    with httpx.Client(base_url=server.url) as browser:
        # The page puts the key into a cookie.
        browser.get(server.web_url, follow_redirects=True)
        assert browser.get("/api/v1/metadata/runs").status_code == 200
        body = {"structure_family": "container", "metadata": {}, "specs": [], "data_sources": []}
        headers = {"x-csrf": browser.cookies["tiled_csrf"]}
        assert browser.post("/api/v1/metadata/runs", json=body, headers=headers).status_code == 401


def test_ends_with_its_parent(tmp_path: Path) -> None:
    """Also when the parent is killed and can clean up nothing."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import json, sys\n"
            "from pathlib import Path\n"
            "from stemline.tiled_config.config import CatalogConfig\n"
            "from stemline.tiled_config.server import CatalogServer\n"
            "server = CatalogServer(CatalogConfig(folder=Path(sys.argv[1]))).start()\n"
            "print(json.dumps([server.pid, server.uri]), flush=True)\n"
            "sys.stdin.read()\n",
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    pid, uri = json.loads(parent.stdout.readline())
    assert httpx.get(uri, follow_redirects=True).status_code == 200
    server = os.pidfd_open(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait_for_end(server, 10)
    os.close(server)
    parent.stdin.close()
    parent.stdout.close()


def test_runs_survive_a_restart(tmp_path: Path) -> None:
    config = CatalogConfig(folder=tmp_path)
    for known in (False, True):
        with CatalogServer(config) as server:
            runs = connect(server.uri, server.api_key)
            assert len(runs) == known
            if not known:
                runs.create_container(key="kept")
            disconnect(runs)


@pytest.mark.slow
def test_a_deleted_key_is_revoked_at_the_next_start(tmp_path: Path) -> None:
    config = CatalogConfig(folder=tmp_path)
    with CatalogServer(config) as server:
        leaked, kept = server.viewer_key, server.agent_key
    (tmp_path / "keys" / "viewer").unlink()
    with CatalogServer(config) as server:
        assert server.viewer_key != leaked
        codes = [
            httpx.get(f"{server.uri}/metadata/runs", headers={"Authorization": f"Apikey {key}"}).status_code
            for key in (leaked, server.viewer_key, kept)
        ]
    assert codes == [401, 200, 200]


@pytest.mark.slow
def test_folder_of_the_time_before_there_were_roles(tmp_path: Path) -> None:
    config = CatalogConfig(folder=tmp_path)
    with CatalogServer(config) as server:
        runs = connect(server.uri, server.api_key)
        runs.create_container(key="older_run", metadata={"start": {"uid": "older_run"}})
        disconnect(runs)
    shutil.rmtree(tmp_path / "keys")
    (tmp_path / "keys.db").unlink()
    (tmp_path / "api_key").write_text("cd" * 32 + "\n")
    with CatalogServer(config) as server:
        assert server.api_key == "cd" * 32
        for key in (server.api_key, server.viewer_key):
            runs = connect(server.uri, key)
            assert runs["older_run"].metadata["start"]["uid"] == "older_run"
            disconnect(runs)


def _wait_for_end(pidfd: int, timeout: float) -> None:
    import select

    assert select.select([pidfd], [], [], timeout)[0], "the catalog outlived its parent"
