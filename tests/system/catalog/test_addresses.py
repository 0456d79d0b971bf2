"""Where the server listens, and what it says when it can't."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.server import CatalogServer
from stemline.tiled_config.server.process import listen, lock

pytestmark = pytest.mark.system

LISTENS = "0A"


def listening(pid: int) -> list[tuple[str, int]]:
    """Addresses (as the kernel writes them) and ports of a process and of its children."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    sockets = {
        os.readlink(link) for one in pids for link in Path(f"/proc/{one}/fd").iterdir() if link.is_symlink()
    }
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTENS and f"socket:[{rest[5]}]" in sockets:
                address, port = local.split(":")
                found.append((address, int(port, 16)))
    return found


def test_the_catalog_listens_at_one_port_of_this_machine_only(server: CatalogServer) -> None:
    port = int(server.url.rpartition(":")[2])
    assert server.pid is not None
    assert listening(server.pid) == [("0100007F", port)]


def test_port_in_use_is_told_from_an_address_of_another_machine(server: CatalogServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(CatalogError, match=rf"port {port} \(Address already in use\): choose another port"):
        listen("127.0.0.1", port)
    # 192.0.2.0/24 is nobody's (RFC 5737).
    with pytest.raises(
        CatalogError, match=r"192\.0\.2\.1 port 0 .*no address of this machine, 127\.0\.0\.1 is"
    ):
        listen("192.0.2.1", 0)
    with pytest.raises(CatalogError, match="no address of this machine"):
        listen("no-such-host.invalid", 0)


def test_who_has_the_folder_is_said_from_the_first_moment(tmp_path: Path) -> None:
    who = rf"already served \(process {os.getpid()}, still starting\)"
    with lock(tmp_path), pytest.raises(CatalogError, match=who):
        lock(tmp_path)


def test_a_server_that_has_not_said_yet_who_it_is_is_one_that_is_starting(tmp_path: Path) -> None:
    with (tmp_path / "catalog.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CatalogError, match=r"already served \(by a server that is starting\)"):
            lock(tmp_path)
