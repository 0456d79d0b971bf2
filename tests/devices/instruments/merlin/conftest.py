"""LiberTEM-live's Merlin simulator, in an environment and a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stemline.devices.instruments.merlin.config import MerlinConfig
from stemline.devices.instruments.merlin.control import MerlinControl
from stemline.devices.instruments.merlin.frame_stream import FrameStream

SIMULATOR = Path(__file__).parents[4] / ".venv-peers" / "bin" / "libertem-live-mib-sim"
HEADER = 384  # bytes
COUNT, SIDE = 1024, 128


def pattern(number: int, side: int = SIDE) -> np.ndarray:
    """Frame `number`, from 0: it differs from all others, and says which it is in its first pixel."""
    frame = np.arange(side * side, dtype=np.uint16).reshape(side, side) // 7 + number
    frame[0, 0] = number
    return frame


def recording(folder: Path, count: int = COUNT, side: int = SIDE) -> Path:
    """Write frames as Merlin saves them; returns the .hdr file, which the simulator replays."""
    with (folder / "frames.mib").open("wb") as file:
        for number in range(count):
            text = f"MQ1,{number + 1:06d},{HEADER:05d},01,{side:04d},{side:04d},U16,   1x1,01,"
            text += "2026-11-24 12:00:00.000000,0.001000,0,0,0,1.2E+2,5.1E+2,0.0E+0,0.0E+0,0.0E+0,0.0E+0,"
            text += (
                "0.0E+0,3RX,175,511,000,000,000,000,000,000,125,255,125,125,100,100,082,100,087,030,128,004,"
            )
            text += "255,129,128,176,168,511,511,MQ1A,2026-11-24T12:00:00.000000000Z,1000000ns,12,"
            file.write(text.encode("ascii").ljust(HEADER, b"\0"))
            file.write(pattern(number, side).astype(">u2").tobytes())
    header = folder / "frames.hdr"
    header.write_text(
        "HDR,\t\nTime and Date Stamp (day, mnth, yr, hr, min, s):\t24/11/2026 12:00:00\n"
        "Chip ID:\tW1_A1\nChip Type (Medipix 3.0, Medipix 3.1, Medipix 3RX):\tMedipix 3RX\n"
        "Assembly Size (NX1, 2X2):\t   1x1\nChip Mode  (SPM, CSM, CM, CSCM):\tSPM\n"
        "Counter Depth (number):\t12\nGain:\tSLGM\nActive Counters:\tAlternating\n"
        f"Thresholds (keV):\t1.2E+2\nDACs:\t175\nbpc File:\t\nDAC File:\t\nGap Fill Mode:\tNone\n"
        f"Flat Field File:\tNone\nDead Time File:\tNone\n"
        "Acquisition Type (Normal, Th_scan, Config):\tNormal\n"
        f"Frames in Acquisition (Number):\t{count}\nFrames per Trigger (Number):\t{count // 32 or 1}\n"
        "Trigger Start (Positive, Negative, Internal):\tSoft\n"
        "Trigger Stop (Positive, Negative, Internal):\tInternal\n"
        "Sensor Bias (V):\t120 V\nSensor Polarity (Positive, Negative):\tPositive\nTemperature (C):\t0.0\n"
        "Humidity (%):\t0.0\nMedipix Clock (MHz):\t120MHz\nReadout System:\tMerlin\n"
        "Software Version:\t0.68\nEnd\t"  # without a line end, which the simulator can't read
    )
    return header


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def listening(port: int) -> bool:
    """Look without connecting: the simulator would take the next acquisition for that connection's."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(fields[3] == "0A" and fields[1].endswith(f":{port:04X}") for fields in lines)


class Simulator:
    """The simulator's process."""

    def __init__(self, header: Path, *more: str, ports: list[int] | None = None) -> None:
        self.ports = ports or free_ports(3)
        self.header = header
        names = ("--control-port", "--data-port", "--trigger-port")
        given = [word for pair in zip(names, map(str, self.ports), strict=True) for word in pair]
        self.process = subprocess.Popen(
            [str(SIMULATOR), str(header), "--host", "127.0.0.1", "--wait-trigger", *given, *more],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        deadline = time.monotonic() + 100
        while not all(listening(port) for port in self.ports):
            assert time.monotonic() < deadline, "the simulator does not listen"
            assert self.process.poll() is None, "the simulator has ended"
            time.sleep(0.1)

    def config(self, **changes: Any) -> MerlinConfig:
        control, data, _ = self.ports
        settings = {"control_port": control, "data_port": data, "shape": (SIDE, SIDE), **changes}
        return MerlinConfig(**settings)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.kill()


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Give a simulator that has compiled what it needs, which took longer than the driver waits."""
    if not SIMULATOR.exists():
        pytest.skip("LiberTEM-live is not here: make peers-env")
    simulator = Simulator(recording(tmp_path_factory.mktemp("merlin")), "--cached", "MEM")
    control = MerlinControl("127.0.0.1", simulator.ports[0])
    stream, left = FrameStream("127.0.0.1", simulator.ports[1]), COUNT
    control.command("STARTACQUISITION")
    stream.header(100)
    control.command("SOFTTRIGGER")
    while left:
        left -= len(stream.block(left, 100))
    control.close()
    stream.close()
    time.sleep(1)  # it looks for the end of a connection four times a second
    yield simulator
    simulator.close()


@pytest.fixture(scope="session")
def start_merlin(warm: Simulator) -> Iterator[Callable[..., Simulator]]:
    """Start another."""
    running: list[Simulator] = []

    def start(*more: str, ports: list[int] | None = None) -> Simulator:
        running.append(Simulator(warm.header, *more, ports=ports))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="session")
def merlin(warm: Simulator) -> tuple[Simulator, Any]:
    """Give a simulator and the one detector on it: it takes one client at a time."""
    return warm, warm.config().create().frame_source
