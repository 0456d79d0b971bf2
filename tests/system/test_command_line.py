"""`stemline run` as a user meets it: it works, and every mistake is one line and leaves nothing running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

pytestmark = pytest.mark.system

SMALL = """
data: {data}
ioc:
  instrument:
    drivers:
      - {{driver: simulated, shape: [16, 16], field_of_view: 100}}
experiment: {{num_points: 6, dwell_time: 0.005, patch_size: 5}}
agent: {{num_seed: 4, where: inline}}
"""


class Command:
    """A `stemline` command in a folder of its own; its processes are known by a mark in their environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "stemline", *arguments],
            cwd=self.folder,
            env={**os.environ, "STEMLINE_TEST": self.mark, "XDG_STATE_HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=100)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def left_running(self) -> list[int]:
        """Processes with our mark, waiting a little for those that are about to end."""
        deadline = time.monotonic() + 15
        while (found := list(self._marked())) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def _marked(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if self.mark.encode() in (entry / "environ").read_bytes():
                        yield int(entry.name)
                except OSError:
                    continue


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def config(folder: Path, text: str = SMALL) -> str:
    path = folder / "session.yml"
    path.write_text(text.format(data=folder / "data"))
    return str(path)


def test_run_ends_with_a_table_and_a_picture(command: Command, tmp_path: Path) -> None:
    done = command.run("run", config(tmp_path), "--figure", "run.png")
    assert done.returncode == 0, done.stderr
    assert "6" in done.stdout
    assert (tmp_path / "run.png").stat().st_size > 10_000
    assert command.left_running() == []


def replay_of(folder: Path, *, bad_pixel: bool = False) -> str:
    """Record a small spectrum image with the simulation and return a YAML that replays it."""
    recorded = Command(folder).run(
        "record",
        "small.hspy",
        "--config",
        config(folder),
        "--rows",
        "8",
        "--columns",
        "8",
        "--dwell-time",
        "0.001",
    )
    assert recorded.returncode == 0, recorded.stderr
    if bad_pixel:
        with h5py.File(folder / "small.hspy", "r+") as file:
            survey = next(group["data"] for group in file["Experiments"].values() if group["data"].ndim == 2)
            values = survey[...].astype(np.float32)
            values[3, 4] = np.nan
            parent = survey.parent
            del parent["data"]
            parent["data"] = values
    path = folder / "replay.yml"
    path.write_text(
        f"data: {folder / 'data'}\n"
        "ioc: {instrument: {drivers: [{driver: replay, spectrum_image: small.hspy}]}}\n"
        "experiment: {num_points: 5, dwell_time: 0.001, patch_size: 3}\nagent: {num_seed: 4, where: inline}\n"
    )
    return str(path)


MISTAKES = {
    "unknown key": ("experiment: {{nm_points: 3}}", "experiment.nm_points: unknown key"),
    "missing data file": (
        "ioc: {{instrument: {{drivers: [{{driver: replay, spectrum_image: nowhere.dm3}}]}}}}",
        "nowhere.dm3",
    ),
    "field of view 0": ("experiment: {{survey: {{field_of_view: 0}}}}", "field_of_view"),
    "field of view beyond limits": ("experiment: {{survey: {{field_of_view: 1.0e+9}}}}", "Scan:FieldOfView"),
    "dwell beyond limits": ("experiment: {{dwell_time: 1.0e+6}}", "EELS:cam1:AcquireTime"),
    "budget 0": ("experiment: {{num_points: 0}}", "num_points"),
    "window off the axis": (
        "experiment: {{scalariser: {{kind: integrated_intensity, window: [700.0, 720.0]}}}}",
        "700",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_one_line(command: Command, tmp_path: Path, name: str) -> None:
    text, expected = MISTAKES[name]
    done = command.run("run", config(tmp_path, "data: {data}\n" + text))
    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert command.left_running() == []


@pytest.mark.slow
def test_survey_with_nan_is_one_line(command: Command, tmp_path: Path) -> None:
    done = command.run("run", replay_of(tmp_path, bad_pixel=True))
    assert done.returncode == 1
    assert "nan" in done.stderr.lower() or "finite" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert command.left_running() == []


@pytest.mark.slow
def test_recording_of_the_simulation_is_replayed(command: Command, tmp_path: Path) -> None:
    done = command.run("run", replay_of(tmp_path))
    assert done.returncode == 0, done.stderr
    assert command.left_running() == []


@pytest.mark.slow
@pytest.mark.parametrize("section", ["ioc", "catalog"])
def test_port_in_use_is_one_line(command: Command, tmp_path: Path, section: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command.run("run", config(tmp_path, f"data: {{data}}\n{section}: {{{{port: {port}}}}}"))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert command.left_running() == []


@pytest.mark.slow
def test_sigterm_closes_the_run(command: Command, tmp_path: Path) -> None:
    text = SMALL.replace("num_points: 6", "num_points: 60").replace("dwell_time: 0.005", "dwell_time: 0.05")
    process = command.start("run", config(tmp_path, text))
    assert process.stdout is not None
    assert any("point 3" in line for line in process.stdout)
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "abort: stopped" in out
    assert command.left_running() == []


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["starting", "survey", "point 5", "summary"])
def test_ctrl_c_ends_everything(command: Command, tmp_path: Path, phase: str) -> None:
    text = SMALL.replace("num_points: 6", "num_points: 60").replace("dwell_time: 0.005", "dwell_time: 0.05")
    if phase == "summary":
        text = SMALL
    process = command.start("run", config(tmp_path, text))
    assert process.stdout is not None
    for line in process.stdout:
        if phase in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in ((130,) if phase != "summary" else (0, 130)), err
    if phase != "summary":
        assert err.strip().splitlines()[-1] == "stemline: stopped by Ctrl-C", err
    assert "Traceback" not in err
    assert command.left_running() == []
