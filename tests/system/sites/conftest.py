"""Two sites and the gateway between them, as network namespaces of this machine.

``instruments`` has the control computers (10.77.1.11 and .12), ``laboratory`` everything else (10.77.2.10),
and ``gateway`` forwards between them by examples/two_microscopes/gateway.nft. Both share a folder,
which stands for the network drive that frames are written to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "two_microscopes"
START_TIMEOUT = 60.0  # [s]


class Sites:
    """The namespaces, and the programs started in them; all work in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._environment = {**os.environ, "XDG_STATE_HOME": str(folder)}

    def __enter__(self) -> Sites:
        with ExitStack() as stack:
            for site in ("instruments", "laboratory", "gateway"):
                _ip("netns", "add", _name(site))
                stack.callback(_ip, "netns", "del", _name(site))
                _ip("-n", _name(site), "link", "set", "lo", "up")
            self._wire("instruments", "10.77.1.11/24", "10.77.1.12/24", router="10.77.1.1")
            self._wire("laboratory", "10.77.2.10/24", router="10.77.2.1")
            _inside("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=1")
            _inside("gateway", "nft", "-f", str(EXAMPLES / "gateway.nft"))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, site: str, *arguments: str, key: str = "") -> subprocess.Popen[str]:
        """Start Python with `arguments` at a site; it is ended with the sites, if it lives that long."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", _name(site), sys.executable, *arguments],
            cwd=self.folder,
            env={**self._environment, "TILED_API_KEY": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._stack.callback(_end, process)
        return process

    def run(self, site: str, program: str, key: str = "", timeout: float = 100.0) -> str:
        """Run a Python program at a site; return what it printed."""
        out, _ = (process := self.start(site, "-c", program, key=key)).communicate(timeout=timeout)
        assert process.returncode == 0, out
        return out

    def _wire(self, site: str, *addresses: str, router: str) -> None:
        ends = ("up0", "netns", _name(site), "type", "veth", "peer", site, "netns", _name("gateway"))
        _ip("link", "add", *ends)
        for address in addresses:
            _ip("-n", _name(site), "address", "add", address, "dev", "up0")
        _ip("-n", _name(site), "link", "set", "up0", "up")
        _ip("-n", _name("gateway"), "address", "add", f"{router}/24", "dev", site)
        _ip("-n", _name("gateway"), "link", "set", site, "up")
        _ip("-n", _name(site), "route", "add", "default", "via", router)


def _name(site: str) -> str:
    return f"stemline-{os.getpid()}-{site}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _inside(site: str, *command: str) -> None:
    _ip("netns", "exec", _name(site), *command)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"it ended with exit code {process.wait(START_TIMEOUT)}"
    return line


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """Two control computers that serve their microscopes, and a laboratory that serves the catalog."""
    if os.geteuid() or not (shutil.which("ip") and shutil.which("nft")):
        pytest.skip("network namespaces need root, ip (iproute2) and nft (nftables)")
    folder = tmp_path_factory.mktemp("sites")
    for example in EXAMPLES.glob("*.yml"):
        shutil.copy(example, folder)
    with Sites(folder) as made:
        servers = [
            made.start("instruments", "-m", "stemline", "ioc", "em1.yml"),
            made.start("instruments", "-m", "stemline", "ioc", "em2.yml"),
            made.start("laboratory", "-m", "stemline", "catalog", "catalog.yml"),
        ]
        for server in servers:
            _first_line(server)
        yield made


@pytest.fixture(scope="module")
def key(sites: Sites) -> str:
    """The key by which runs are written."""
    return (sites.folder / "stemline-data/catalog/keys/acquisition").read_text().strip()
