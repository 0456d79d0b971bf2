"""The beam goes off by itself when anybody who should look after it is gone: proved at the microscope."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stemline.devices.ioc.config import IOCConfig

pytestmark = pytest.mark.system

RUN = Path(__file__).with_name("run_process.py")
PATIENCE = 2.0  # [s] in which the beam has to be off


class Witness:
    """What the simulated microscope itself says of its beam."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def lines(self):
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    @property
    def electrons(self) -> float:
        return self.lines[-1]["electrons"]

    def wait(self, blanked: bool, timeout: float) -> float:
        """Wait for the beam to be on or off; gives the time of that [s, monotonic]."""
        deadline = time.monotonic() + timeout
        while not self._path.exists() or not (lines := self.lines) or lines[-1]["blanked"] is not blanked:
            assert time.monotonic() < deadline, f"blanked did not become {blanked} in {timeout} s"
            time.sleep(0.005)
        return float(lines[-1]["time"])


@pytest.fixture
def witness(tmp_path):
    return Witness(tmp_path / "beam.log")


@pytest.fixture
def config(tmp_path):
    drivers = [{"driver": "simulated", "beam_log": str(tmp_path / "beam.log")}]
    return IOCConfig.model_validate({"write_root": tmp_path / "data", "instrument": {"drivers": drivers}})


@pytest.fixture
def runs():
    """Start RunEngine processes."""
    started = []

    def start(port: int, seconds: float):
        command = [sys.executable, "-P", str(RUN), f"127.0.0.1:{port}", "EM1:", str(seconds)]
        env = os.environ | {"OMP_NUM_THREADS": "1"}
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
@pytest.mark.parametrize("victim", ["run", "ioc"])
def test_the_loss_of_anybody_blanks_within_two_seconds(config, processes, runs, witness, victim, number):
    ioc = processes(config)
    run = runs(ioc.answer["port"], 10.0)
    witness.wait(blanked=False, timeout=60)
    time.sleep(1.0)  # into the exposure
    pid = run.pid if victim == "run" else ioc.popen.pid
    before = time.monotonic()
    os.kill(pid, number)
    took = witness.wait(blanked=True, timeout=5) - before
    print("BLANKED", victim, number.name, round(took, 3))
    assert 0 <= took < PATIENCE


def test_an_exposure_without_a_lease_is_refused(config, processes, clients, witness):
    ioc = processes(config)
    client, other = clients(ioc.answer["port"]), clients(ioc.answer["port"])
    refused = client.pv("EELS:cam1:Acquire").write([1], wait=True, timeout=20).status
    assert not refused.success
    assert "no lease: put 1.5 to Beam:Lease" in client.text("EELS:cam1:StatusMessage_RBV")
    other.put("Beam:Lease", 1.5)  # that of another connection does not count
    assert not client.pv("EELS:cam1:Acquire").write([1], wait=True, timeout=20).status.success
    assert not witness.lines
    assert client.get("IOC:Refusals_RBV") == 2
    assert not client.put("Beam:Lease", 3600.0)
    client.put("Beam:Lease", 1.5)
    assert client.pv("EELS:cam1:Acquire").write([1], wait=True, timeout=20).status.success
    assert [line["blanked"] for line in witness.lines] == [False, True]


def test_an_exposure_ends_with_its_lease_and_the_next_one_works(config, processes, clients, witness):
    ioc = processes(config)
    client = clients(ioc.answer["port"])
    assert client.put("EELS:cam1:AcquireTime", 10.0)
    client.put("Beam:Lease", 1.0)
    begun = time.monotonic()
    acquired = client.pv("EELS:cam1:Acquire").write([1], wait=True, timeout=20)
    assert not acquired.status.success
    assert "lease (Beam:Lease) was not renewed" in client.text("EELS:cam1:StatusMessage_RBV")
    assert 0.9 < witness.wait(blanked=True, timeout=1) - begun < PATIENCE
    assert client.word("Beam:Blanked_RBV") == "Blanked"
    assert client.put("EELS:cam1:AcquireTime", 0.01)
    assert client.put("EELS:cam1:Acquire", 1)
    electrons = client.get("Beam:Electrons_RBV")
    assert electrons == pytest.approx(witness.electrons, rel=0.01)


def test_a_frozen_driver_is_told_within_two_seconds(config, processes, clients):
    ioc = processes(config)
    client = clients(ioc.answer["port"])
    assert client.put("EELS:cam1:AcquireTime", 10.0)
    acquired = client.begin("EELS:cam1:Acquire", 1)
    client.until("Beam:Blanked_RBV", lambda value: value == 0)
    os.kill(ioc.driver, signal.SIGSTOP)
    before = time.monotonic()
    while client.severity("Beam:Blanked_RBV") != 3:  # INVALID: nobody knows
        assert time.monotonic() - before < PATIENCE
        time.sleep(0.02)
    assert acquired(20) is False
    assert "state of the beam is unknown" in client.text("EELS:cam1:StatusMessage_RBV")


def with_(config, **options):
    return config.model_copy(update=options)


def test_ten_times_the_budget_is_refused_and_the_ledger_agrees(config, processes, clients, witness, tmp_path):
    log = tmp_path / "refusals.jsonl"
    budget = 50e-12 * 1.0 / 1.602176634e-19  # what a second of 50 pA brings
    ioc = processes(with_(config, electron_budget=budget, refusal_log=log))
    client = clients(ioc.answer["port"])
    assert client.put("EELS:cam1:AcquireTime", 0.2)
    taken = [client.put("EELS:cam1:Acquire", 1) for _ in range(20)]  # the agent goes on asking
    assert client.put("EELS:cam1:AcquireTime", 10.0)
    assert not client.put("EELS:cam1:Acquire", 1)
    assert (
        taken == [True] * 4 + [False] * 16
    )  # the fifth would pass it by its settling, and 5 % of the current
    assert "electron budget" in client.text("EELS:cam1:StatusMessage_RBV")
    assert witness.electrons <= budget
    assert client.get("Beam:Electrons_RBV") == pytest.approx(witness.electrons, rel=0.01)
    assert client.get("IOC:Refusals_RBV") == 17
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["pv"] for line in lines] == ["EM1:EELS:cam1:Acquire"] * 17
    assert all("electron budget" in line["message"] for line in lines)


def test_a_sensitive_sample_of_10_electrons_per_square_angstrom(
    config, processes, clients, witness, tmp_path
):
    kept = with_(config, dose_budget=10.0, dose_file=tmp_path / "EM1.dose", settle_time=0.0)
    ioc = processes(kept)
    client = clients(ioc.answer["port"])
    assert not client.put("HAADF:cam1:Acquire", 1)  # the default survey: 125 e-/A^2 at each pixel
    assert "dose budget" in client.text("HAADF:cam1:StatusMessage_RBV")
    assert not client.put("EELS:cam1:Acquire", 1)
    assert not client.put("Beam:DoseBudget", 0.0)
    assert not client.put("Beam:DoseBudget", 1e6)
    assert not witness.lines
    assert client.put("Beam:Current", 1e-3)
    assert client.put("EELS:cam1:AcquireTime", 0.05)
    taken = [client.put("EELS:cam1:Acquire", 1) for _ in range(8)]
    assert taken[0]
    assert not taken[-1]
    assert client.put("Scan:X", 20.0)
    assert client.put("EELS:cam1:Acquire", 1)  # another spot
    highest, electrons = client.get("Beam:Dose_RBV"), client.get("Beam:Electrons_RBV")
    assert 3 < highest <= 10 * 1.5  # a parked probe is counted when it is known, after the exposure
    ioc.end(signal.SIGKILL)
    again = clients(processes(kept).answer["port"])
    assert again.get("Beam:Dose_RBV") == pytest.approx(highest)
    assert again.get("Beam:Electrons_RBV") == pytest.approx(electrons)
    assert again.put("Beam:Current", 1e-3)
    assert again.put("EELS:cam1:AcquireTime", 0.05)
    refused = [again.put("EELS:cam1:Acquire", 1) for _ in range(8)]
    assert not refused[-1]  # at the spot of before the restart
