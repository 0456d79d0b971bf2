"""A microscope of soft signals, an agent and a RunEngine for the tests of plans."""

import math
import threading
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from bluesky import RunEngine
from event_model import compose_stream_resource
from ophyd import Component as Cpt
from ophyd import Device, Kind, Signal
from ophyd.status import DeviceStatus, Status

from stemline.analysis.scalarise import Flags, ScalarResult
from stemline.devices.records import make_records

SHAPE = (12, 16)
ENERGY = np.arange(64) * 0.5 - 2.0


def finished(obj=None):
    status = Status(obj)
    status.set_finished()
    return status


class Setting(Signal):
    """Put at once: no thread a put."""

    def set(self, value, **kwargs):
        self.put(value)
        return finished(self)


class Scanner(Device):
    x = Cpt(Setting, value=0.0)
    y = Cpt(Setting, value=0.0)
    field_of_view = Cpt(Setting, value=16.0)
    rotation = Cpt(Setting, value=0.0)
    num_x = Cpt(Setting, value=SHAPE[1])
    num_y = Cpt(Setting, value=SHAPE[0])
    dwell_time = Cpt(Setting, value=1e-5)


class Detector(Device):
    """Keeps frames "in a file": a stream datum for the newest one at each reading."""

    def __init__(self, *args, expose, **kwargs):
        super().__init__(*args, **kwargs)
        self.expose = expose
        self.started = self.exposures = 0
        self.resource = None
        self.hold = None  # an Event: exposures last until it is set
        self.error = self.running = None

    def stage(self):
        self.resource = None
        return super().stage()

    def unstage(self):
        if self.running is not None and not self.running.done:
            self.running.set_finished()
        return super().unstage()

    def abort(self):
        if self.running is not None and not self.running.done:
            self.running.set_exception(RuntimeError("aborted"))

    def trigger(self):
        status = self.running = DeviceStatus(self)
        hold = self.hold
        self.started += 1

        def work():
            if hold is not None:
                hold.wait(20)
            if status.done:
                return
            if self.error is not None:
                status.set_exception(self.error)
                return
            self.expose()
            self.exposures += 1
            status.set_finished()

        if hold is None:
            work()
        else:
            threading.Thread(target=work, daemon=True).start()
        return status

    def describe(self):
        key = {"source": "file", "dtype": "array", "shape": [1], "external": "STREAM:"}
        return {**super().describe(), f"{self.name}_frame": key}

    def collect_asset_docs(self, index=None):
        if self.resource is None:
            self.resource = compose_stream_resource(
                mimetype="application/x-hdf5",
                uri="file://localhost/frames.h5",
                data_key=f"{self.name}_frame",
                parameters={},
            )
            yield "stream_resource", self.resource.stream_resource_doc
        indices = {"start": self.exposures - 1, "stop": self.exposures}
        yield "stream_datum", self.resource.compose_stream_datum(indices)


class Haadf(Detector):
    scan_mode = Cpt(Setting, value="Spot", kind=Kind.omitted)
    image = Cpt(Setting, value=np.zeros(SHAPE).ravel(), kind=Kind.omitted)
    mean = Cpt(Setting, value=0.0, kind=Kind.hinted)


class Eels(Detector):
    acquire_time = Cpt(Setting, value=1.0)
    spectrum = Cpt(Setting, value=np.zeros(ENERGY.size), kind=Kind.omitted)
    array_size_x = Cpt(Setting, value=ENERGY.size, kind=Kind.config)
    energy_offset = Cpt(Setting, value=float(ENERGY[0]), kind=Kind.config)
    energy_dispersion = Cpt(Setting, value=0.5, kind=Kind.config)
    total = Cpt(Setting, value=0.0, kind=Kind.hinted)


class Beam(Device):
    current = Cpt(Setting, value=50.0)
    electrons = Cpt(Setting, value=1000.0)
    electron_budget = Cpt(Setting, value=0.0)


class FakeMicroscope:
    """The scalar of a spectrum peaks at (y, x) = (2.5, -3.5) nm; each exposure costs 10 electrons."""

    peak = (2.5, -3.5)

    def __init__(self):
        self.scanner = Scanner(name="scanner")
        self.haadf = Haadf(name="haadf", expose=self._scan)
        self.eels = Eels(name="eels", expose=self._expose)
        self.beam = Beam(name="beam")
        self.blanked = 0
        self.bad_pixels = 0

    def stop(self, *, success=False):
        self.blanked += 1
        self.haadf.abort()
        self.eels.abort()

    def truth(self, y, x):
        return math.exp(-((y - self.peak[0]) ** 2 + (x - self.peak[1]) ** 2) / 8)

    def _scan(self):
        image = np.random.default_rng(0).normal(size=(self.scanner.num_y.get(), self.scanner.num_x.get()))
        image.ravel()[: self.bad_pixels] = np.nan
        self.haadf.image.put(image.ravel())
        self.beam.electrons.put(self.beam.electrons.get() + 100.0)

    def _expose(self):
        spectrum = np.full(ENERGY.size, self.truth(self.scanner.y.get(), self.scanner.x.get()))
        self.eels.spectrum.put(spectrum)
        self.beam.electrons.put(self.beam.electrons.get() + 10.0)


@dataclass(frozen=True)
class MeanOf:
    """A scalariser: the mean within a window; below `least` it is flagged."""

    window: tuple[float, float] = (0.0, 10.0)
    least: float = -1.0

    def parameters(self):
        return {"kind": "mean", "window": list(self.window)}

    def check_axis(self, energy):
        if not energy[0] <= self.window[0] < self.window[1] <= energy[-1]:
            raise ValueError(f"window {self.window} eV is off the axis {energy[0]:g} to {energy[-1]:g} eV")

    def __call__(self, spectrum, energy):
        inside = (energy >= self.window[0]) & (energy <= self.window[1])
        value = float(spectrum[inside].mean())
        return ScalarResult(value, 0.01, Flags.TOO_FEW_COUNTS if value < self.least else Flags.NONE)


@dataclass
class FakeAgent:
    """Walks over the candidates; a background proposer with its own thread, where it can be held or fail."""

    candidates: object
    stop_after: int = 10**9
    fail_at: dict = field(default_factory=dict)  # method -> exception, raised from the third call on
    hold_at: dict = field(default_factory=dict)  # method -> Event, awaited from the third call on
    calls: dict = field(default_factory=lambda: defaultdict(list))
    ingested: list = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self._thread = ThreadPoolExecutor(1)

    def submit(self, method: str, *args) -> Future:
        return self._thread.submit(self._call, method, *args)

    def close(self):
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.closed.set()

    def _call(self, method, *args):
        self.calls[method].append(args)
        if len(self.calls[method]) > 2:
            if method in self.hold_at:
                self.hold_at[method].wait(20)
            if method in self.fail_at:
                raise self.fail_at[method]
        return getattr(self, method)(*args)

    def suggest(self, num_points=None):
        number = len(self.calls["suggest"]) - 1
        y, x = self.candidates.positions[number * 7 % len(self.candidates.positions)]
        about = {"_mean": 0.5, "_sigma": 0.1, "_acquisition": None, "_model_version": number, "_kind": "walk"}
        return [{"_id": number, "scanner_y": float(y), "scanner_x": float(x), **about}]

    def ingest(self, points):
        self.ingested.extend(points)

    def withdraw(self, ids):
        pass

    def pin(self, y, x):
        return "off the image" if y > 50 else None

    def veto(self, y, x, radius):
        return None

    def should_stop(self):
        stop = len(self.ingested) >= self.stop_after
        return stop, "uncertainty goal reached" if stop else None

    def predict(self):
        n = len(self.candidates.positions)
        return np.arange(n, dtype=float), np.full(n, 0.5)

    def get_best_points(self):
        best = max(self.ingested, key=lambda point: np.nan_to_num(point["value"], nan=-np.inf))
        movables = {key: best[key] for key in ("scanner_y", "scanner_x")}
        return [(best["_id"], movables, {"value": best["value"]})]


@dataclass(eq=False)
class Documents:
    """Collects documents; `events(stream)` are the data of its events."""

    all: list = field(default_factory=list)

    def take(self, name, doc):
        self.all.append((name, doc))

    def of(self, name):
        return [doc for kind, doc in self.all if kind == name]

    def raw_events(self, stream):
        streams = {doc["uid"]: doc["name"] for doc in self.of("descriptor")}
        return [doc for doc in self.of("event") if streams[doc["descriptor"]] == stream]

    def events(self, stream):
        return [doc["data"] for doc in self.raw_events(stream)]


@pytest.fixture
def microscope():
    return FakeMicroscope()


@pytest.fixture
def records():
    return make_records()


@pytest.fixture
def scalarise():
    return MeanOf()


@pytest.fixture
def mean_of():
    return MeanOf


@pytest.fixture
def agents():
    """Give ``make(**options)``, a `make_proposer` whose agents appear in ``make.made``; closed in the end."""

    def make(**options):
        def build(candidates):
            agent = FakeAgent(candidates, **options)
            make.made.append(agent)
            return agent

        return build

    make.made = []
    yield make
    for agent in make.made:
        for event in agent.hold_at.values():
            event.set()
        agent.close()


@pytest.fixture
def engine():
    """A RunEngine with its documents in ``engine.documents``; left idle, its event loop stopped."""
    engine = RunEngine({}, call_returns_result=True, context_managers=[])
    engine.documents = Documents()
    engine.subscribe(engine.documents.take)
    yield engine
    if engine.state != "idle":
        engine.halt()
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()
