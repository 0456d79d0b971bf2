"""The configuration of a facility, with a real PostgreSQL, a real Redis and more than one worker."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from bluesky_tiled_plugins import subscribe_to_streams

from stemline.tiled_config import config
from stemline.tiled_config.client import connect, derived, disconnect

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

CONFIG = Path(config.__file__).with_name("config.production.yml")
DATABASES = ("catalog", "keys", "events")
HOST = "127.0.0.1"


def binary(name: str, *places: str) -> str:
    """Where a program is; Debian's PostgreSQL is not on the path."""
    found = shutil.which(name) or next(
        iter(sorted(path for place in places for path in glob.glob(place))), None
    )
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install postgresql redis-server)")
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a server until the end; yields its address without a database's name, and the password."""
    initdb = binary("initdb", "/usr/lib/postgresql/*/bin/initdb")
    pg_ctl = binary("pg_ctl", "/usr/lib/postgresql/*/bin/pg_ctl")
    # It refuses to run as root.
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        user = {"user": "nobody", "extra_groups": []}
    password, port, data = secrets.token_hex(16), free_port(), folder / "data"
    (folder / "password").write_text(password)
    (folder / "password").chmod(0o644)
    quiet: dict[str, Any] = {
        "stdout": subprocess.DEVNULL,
        "check": True,
        "timeout": 60,
        "cwd": folder,
        **user,
    }
    how = ["--auth=scram-sha-256", "--username=stemline", f"--pwfile={folder / 'password'}", "--no-sync"]
    subprocess.run([initdb, "-D", data, *how], **quiet)
    options = f"-p {port} -c listen_addresses={HOST} -k {folder} -c fsync=off"
    start = [pg_ctl, "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", options]
    subprocess.run([*start, "start"], **quiet)
    try:
        yield f"postgresql://{HOST}:{port}", password
    finally:
        subprocess.run([pg_ctl, "-D", data, "-w", "-m", "immediate", "stop"], **quiet)


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    password, port = secrets.token_hex(16), free_port()
    settings = f'bind {HOST}\nport {port}\nrequirepass {password}\nsave ""\ndir {folder}\n'
    process = subprocess.Popen(
        [binary("redis-server"), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    process.stdin.write(settings)
    process.stdin.close()
    try:
        until(lambda: answers(port), process)
        yield f"redis://:{password}@{HOST}:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def healthy(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://{HOST}:{port}/healthz", timeout=5).is_success
    return False


def until(condition: Callable[[], bool], process: subprocess.Popen[Any], timeout: float = 120.0) -> None:
    """Look again and again, for as long as the process lives."""
    end = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        assert time.monotonic() < end, f"{process.args} does not answer"
        pause.wait(0.05)


async def create_databases(uri: str, password: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(f"{uri}/postgres", user="stemline", password=password)
    for name in DATABASES:
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


@dataclass
class Facility:
    """What the tests act on."""

    folder: Path
    environment: dict[str, str]
    # Of one worker, and of two that share a port.
    one: str
    two: str
    processes: dict[int, subprocess.Popen[Any]]

    @property
    def secrets(self) -> list[str]:
        redis = httpx.URL(self.environment["STEMLINE_REDIS_URI"]).password
        keys = [self.key(file.name) for file in (self.folder / "keys").iterdir()]
        return [*keys, redis, self.environment["PGPASSWORD"], self.environment["STEMLINE_SECRET_KEY"]]

    def key(self, role: str) -> str:
        return (self.folder / "keys" / role).read_text().strip()


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory, catalog_folder: Path) -> Iterator[Facility]:
    folder = tmp_path_factory.mktemp("facility")
    with contextlib.ExitStack() as stack:
        # pytest's folders can't be entered by another user.
        outside = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        database, password = stack.enter_context(postgres(outside))
        asyncio.run(create_databases(database, password))
        frames = catalog_folder / "frames"
        frames.mkdir(exist_ok=True)
        settings = {
            **{f"STEMLINE_{name.upper()}_URI": f"{database}/{name}" for name in DATABASES},
            "STEMLINE_REDIS_URI": stack.enter_context(redis(folder)),
            "PGUSER": "stemline",
            "PGPASSWORD": password,
            "STEMLINE_SECRET_KEY": secrets.token_hex(32),
            "STEMLINE_ARRAYS": str(folder / "arrays"),
            "STEMLINE_FRAMES": str(frames),
        }
        environment = {**os.environ, **settings, "TILED_CONFIG": str(CONFIG)}
        log = stack.enter_context((folder / "log").open("w"))

        def run(*command: str) -> subprocess.Popen[Any]:
            started = subprocess.Popen(
                [sys.executable, "-P", "-m", *command], env=environment, stdout=log, stderr=log
            )
            stack.callback(started.wait, 30)
            stack.callback(started.terminate)
            return started

        for _ in range(2):
            prepared = run("stemline.tiled_config.server.prepare", str(folder))
            assert prepared.wait(60) == 0, (folder / "log").read_text()
        ports = [free_port(), free_port()]
        workers = ("--workers", "2", "--host", HOST, "--port", str(ports[1]), "--no-access-log")
        processes = {
            ports[0]: run("tiled", "serve", "config", str(CONFIG), "--port", str(ports[0]), "--scalable"),
            ports[1]: run("uvicorn", "--factory", "tiled.server.app:app_factory", *workers),
        }
        for port, process in processes.items():
            until(lambda port=port: healthy(port), process)
        one, two = (f"http://{HOST}:{port}/api/v1" for port in ports)
        yield Facility(folder, settings, one, two, processes)


class Address:
    """As much of a `CatalogServer` as a bench needs."""

    def __init__(self, uri: str, api_key: str) -> None:
        self.uri, self.api_key = uri, api_key


def test_a_run_goes_in_and_comes_back(facility: Facility, make_bench: Any, plan: Any) -> None:
    bench = make_bench(Address(facility.two, facility.key("acquisition")))
    uid = bench.run(plan(bench))
    runs = connect(facility.one, facility.key("viewer"))
    run = runs[uid]
    assert np.array_equal(run["primary/eels_spectrum"][:], np.stack(bench.spectrum.frames))
    assert np.array_equal(run["survey/haadf_image"][0], bench.image.frames[0])
    assert run["prediction/prediction_mean"].shape == (1, 64, 64)
    values = run["primary"].read(["scalar_value"])["scalar_value"].to_numpy()
    assert np.array_equal(values, [0.0, np.nan, *range(2, 12)], equal_nan=True)
    assert run.metadata["stop"]["exit_status"] == "success"
    names = [name for name, _ in run.documents()]
    assert (names[0], names[-1], names.count("event")) == ("start", "stop", 1 + 12 + 13 + 1)
    disconnect(runs)
    assert bench.runs[uid].validate()


@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
def test_what_one_worker_takes_another_one_streams(facility: Facility, make_bench: Any, plan: Any) -> None:
    bench = make_bench(Address(facility.two, facility.key("acquisition")))
    runs = connect(facility.one, facility.key("viewer"))
    rows: list[int] = []
    images: list[tuple[int, ...]] = []
    complete = threading.Event()

    def take(update: Any) -> None:
        data = update.data()
        if update.stream_name == "primary" and hasattr(data, "columns") and "scalar_value" in data:
            rows.append(len(data))
        elif "eels_spectrum" in update.data_keys:
            images.append(data.shape)
        if sum(rows) == 12 and sum(shape[0] for shape in images) == 12:
            complete.set()

    subscription = subscribe_to_streams(runs, take, streams=None, start=0, max_size=50_000_000)
    try:
        bench.run(plan(bench))
        assert complete.wait(60), (rows, images)
    finally:
        subscription.disconnect()
        disconnect(runs)


def test_keys_have_their_rights_here_too(facility: Facility) -> None:
    body = {
        "structure_family": "container",
        "metadata": {},
        "specs": [],
        "data_sources": [],
        "access_tags": None,
    }

    def make(role: str, place: str) -> int:
        headers = {"Authorization": f"Apikey {facility.key(role)}"}
        return httpx.post(
            f"{facility.two}/metadata/{place}", json=body, headers=headers, timeout=30
        ).status_code

    places = ("runs", "derived", "")
    codes = {role: [make(role, place) for place in places] for role in ("acquisition", "agent", "viewer")}
    assert codes == {"acquisition": [200, 403, 403], "agent": [403, 200, 403], "viewer": [401, 401, 401]}


def test_a_token_of_one_worker_is_known_to_all(facility: Facility) -> None:
    form = {"username": "key", "password": facility.key("agent")}
    token = httpx.post(f"{facility.one}/auth/provider/stemline/token", data=form, timeout=30).json()[
        "access_token"
    ]
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(8):
        assert httpx.get(f"{facility.two}/metadata/runs", headers=headers, timeout=30).status_code == 200


def test_results_are_written_and_read(facility: Facility) -> None:
    results = connect(facility.two, facility.key("agent"))
    written = derived(results).write_array(np.eye(3), key="eye", metadata={"wasDerivedFrom": "a run"})
    assert np.array_equal(written.read(), np.eye(3))
    disconnect(results)


def test_no_secret_is_in_a_log_or_an_argument(facility: Facility) -> None:
    text = (facility.folder / "log").read_text()
    for process in facility.processes.values():
        text += Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
    assert len(facility.secrets) == 4 + 3
    assert [secret for secret in facility.secrets if secret in text] == []
