"""The catalog's process: how it starts, how it ends, what it gives away."""

from __future__ import annotations

import json
import os
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


def test_web_pages_and_key(server: Any) -> None:
    assert "<html" in httpx.get(server.web_url, follow_redirects=True).text
    assert httpx.get(f"{server.uri}/metadata/runs").status_code == 401
    command = Path(f"/proc/{server._process.pid}/cmdline").read_bytes().decode()
    environment = Path(f"/proc/{server._process.pid}/environ").read_bytes().decode()
    log = server.config.log_file.read_text()
    assert server.api_key not in command + environment + log + repr(server)


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
            "print(json.dumps([server._process.pid, server.uri]), flush=True)\n"
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


def _wait_for_end(pidfd: int, timeout: float) -> None:
    import select

    assert select.select([pidfd], [], [], timeout)[0], "the catalog outlived its parent"
