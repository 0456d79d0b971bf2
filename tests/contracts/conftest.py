"""Every driver, made to take its time or not; a suite here runs against each of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from stemline.devices.instruments.hspy_file import FORMAT, add_signal
from stemline.devices.instruments.nion.config import NionConfig
from stemline.devices.instruments.protocol import Aborted, Axis, Instrument
from stemline.devices.instruments.replay.config import ReplayConfig
from stemline.devices.instruments.replay.pattern_config import PatternReplayConfig
from stemline.devices.instruments.simulated.config import SimulatedConfig

SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[3] / "shared" / "data"))
Make = Callable[[bool], Instrument]


def simulated(real_time: bool, folder: Path) -> Instrument:
    return SimulatedConfig(real_time=real_time, shape=(12, 16), dwell_time=1e-6).create()


def replay(real_time: bool, folder: Path) -> Instrument:
    pytest.importorskip("rsciio.hspy")
    rng = np.random.default_rng(0)
    spectra = rng.integers(0, 1000, (5, 4, 64)).astype(np.uint16)
    grid = (Axis("y", 5, 0.0, 2.0, "nm"), Axis("x", 4, 0.0, 2.0, "nm"))
    energy = Axis("Energy loss", 64, -5.0, 0.5, "eV")
    fine = (Axis("y", 10, 0.0, 1.0, "nm"), Axis("x", 8, 0.0, 1.0, "nm"))
    survey = rng.normal(size=(10, 8)).astype(np.float32)
    with h5py.File(folder / "recording.hspy", "w") as file:
        file.attrs.update(FORMAT)
        add_signal(file, "EELS", "EELS", (*grid, energy), spectra.dtype, {})[...] = spectra
        add_signal(file, "HAADF", "", fine, survey.dtype, {})[...] = survey
    return ReplayConfig(
        spectrum_image=folder / "recording.hspy",
        high_tension=80,
        beam_current=30,
        saturation=1000,
        real_time=real_time,
    ).create()


def measured(real_time: bool, folder: Path) -> Instrument:
    pytest.importorskip("rsciio.digitalmicrograph")
    spectrum_image = SHARED / "DMReader_SpectrumImage_SI-EELS.dm3"
    if not spectrum_image.is_file():
        pytest.skip(f"measured data {spectrum_image} is not here: set STEMLINE_SHARED")
    return ReplayConfig(
        spectrum_image=spectrum_image,
        survey=SHARED / "DMReader_SI-HAADF.dm3",
        pixel_size=0.15,
        high_tension=200,
        convergence_angle=30,
        real_time=real_time,
    ).create()


def replay_patterns(real_time: bool, folder: Path) -> Instrument:
    shares = np.random.default_rng(0).uniform(size=(5, 4, 16, 16)) / 256
    with h5py.File(folder / "patterns.h5", "w") as file:
        file["datacube"], file["haadf"] = (
            shares.astype(np.float32),
            shares.sum(axis=(2, 3)).astype(np.float32),
        )
    return PatternReplayConfig(
        file=folder / "patterns.h5",
        pixel_size=0.5,
        angle_step=1.0,
        expected=True,
        beam_current=10,
        high_tension=80,
        real_time=real_time,
    ).create()


SLOW = pytest.mark.slow, pytest.mark.system  # Nion's own simulator, in a process of its own
DRIVERS = [
    *(pytest.param(driver, id=driver.__name__) for driver in (simulated, replay, replay_patterns, measured)),
    *(pytest.param(sample, id=f"nion_{sample}", marks=SLOW) for sample in ("twin", "flake")),
]


@pytest.fixture(scope="session", params=DRIVERS)
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make an instrument that takes as long as it was asked to (True) or answers at once (False)."""
    if isinstance(request.param, str):
        server = request.getfixturevalue("start_nion")(request.param)  # of its own: a suite moves the stage
        config = NionConfig(
            address=server.address, token_file=server.token_file, shape=(12, 16), dwell_time=1e-6
        )
        return lambda real_time: config.create()
    return lambda real_time: request.param(real_time, tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="session")
def shared_instrument(make: Make) -> Instrument:
    return make(False)


@pytest.fixture
def instrument(shared_instrument: Instrument) -> Instrument:
    """Give one that answers at once, unblanked; built once, as a driver is."""
    assert shared_instrument.blanker is not None
    shared_instrument.blanker.unblank()
    return shared_instrument


@pytest.fixture
def ends_when_aborted() -> Callable[[Callable[[], object], Callable[[], None]], None]:
    """Check that `abort` ends `call`, which takes many seconds if left alone, and that it raises Aborted."""

    def check(call: Callable[[], object], abort: Callable[[], None]) -> None:
        raised: list[BaseException] = []
        calling = threading.Event()

        def run() -> None:
            calling.set()
            try:
                call()
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert calling.wait(5)
        started = time.monotonic()
        while thread.is_alive() and time.monotonic() - started < 5:
            abort()  # again, for the first may come before the call has begun
            thread.join(0.05)
        assert time.monotonic() - started < 0.5
        assert [type(error) for error in raised] == [Aborted]
        assert "\n" not in str(raised[0])

    return check
