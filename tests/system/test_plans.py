"""Plans through the simulated microscope's IOC: what the catalog is told is what was measured."""

import os
import signal
import threading
import time
from urllib.parse import unquote, urlparse

import h5py
import numpy as np
import pytest
from bluesky import RunEngine
from bluesky.utils import RunEngineInterrupted

from stemline.agents.worker import WorkerProposer
from stemline.analysis.scalarise import make_scalariser
from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.ioc.config import IOCConfig
from stemline.devices.ioc.server import IOCThread
from stemline.devices.microscope import connect
from stemline.devices.records import make_records
from stemline.devices.setpoint import Setpoint
from stemline.plans.adaptive_spectroscopy import adaptive_spectroscopy
from stemline.plans.random_spectroscopy import random_spectroscopy

pytestmark = pytest.mark.system

SCALARISER = make_scalariser("integrated_intensity", window=[10, 20])


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    return DataRoots(write=folder, read=folder)


@pytest.fixture(scope="module")
def microscope(roots):
    with IOCThread(IOCConfig(write_root=roots.write)) as ioc:
        use_channel_access([f"127.0.0.1:{ioc.port}"])
        yield connect("EM1:", roots)


@pytest.fixture
def records():
    return make_records()


@pytest.fixture
def documents():
    return []


@pytest.fixture
def engine(documents):
    engine = RunEngine({}, call_returns_result=True, context_managers=[])
    engine.subscribe(lambda name, doc: documents.append((name, doc)))
    yield engine
    if engine.state != "idle":
        engine.halt()
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()


def of(documents, kind):
    return [doc for name, doc in documents if name == kind]


def plan_of(microscope, records, **changes):
    options = {
        "num_points": 6,
        "dwell_time": 0.01,
        "seed": 1,
        "survey_shape": (32, 32),
        "survey_dwell_time": 1e-5,
        **changes,
    }
    return random_spectroscopy(microscope, records, SCALARISER, **options)


def scalars_and_spectra(documents):
    """Pair each event of ``primary`` with the spectrum that the stream datum before it refers to."""
    streams = {doc["uid"]: doc["name"] for doc in of(documents, "descriptor")}
    paths, spectrum, pairs = {}, None, []
    for name, doc in documents:
        if name == "stream_resource" and doc["data_key"] == "eels_spectrum":
            paths[doc["uid"]] = unquote(urlparse(doc["uri"]).path)
        elif name == "stream_datum" and doc["stream_resource"] in paths:
            with h5py.File(paths[doc["stream_resource"]], "r", swmr=True) as file:
                spectrum = file["/entry/data/data"][doc["indices"]["start"]]
        elif name == "event" and streams[doc["descriptor"]] == "primary":
            pairs.append((doc["data"], spectrum))
    return pairs


def interrupt_exposure(engine, detector, number):
    """Pause, hard, while exposure `number` of `detector` is being made; the thread is returned."""
    triggers = 0
    exposing = threading.Event()

    def hook(message):
        nonlocal triggers
        triggers += message.command == "trigger" and message.obj is detector
        if triggers == number and message.command == "wait":
            exposing.set()

    def pause():
        assert exposing.wait(20)
        time.sleep(0.05)  # into the exposure of 0.3 s or more: there is nothing to wait for that tells more
        engine.request_pause()

    engine.msg_hook = hook
    thread = threading.Thread(target=pause)
    thread.start()
    return thread


def test_every_scalar_is_that_of_the_spectrum_its_event_refers_to(engine, documents, microscope, records):
    summary = engine(plan_of(microscope, records)).plan_result
    energy = microscope.eels.energy()
    pairs = scalars_and_spectra(documents)
    assert len(pairs) == summary.num_points == 6
    for data, spectrum in pairs:
        assert data["scalar_value"] == pytest.approx(SCALARISER(spectrum, energy).value, nan_ok=True)
        assert data["eels_total"] == pytest.approx(spectrum.sum())
    assert microscope.beam.blanked.get() == "Blanked"
    assert summary.electrons > 0


def test_the_same_after_a_pause_in_the_middle_of_an_exposure(engine, documents, microscope, records):
    thread = interrupt_exposure(engine, microscope.eels, 3)
    with pytest.raises(RunEngineInterrupted):
        engine(plan_of(microscope, records, dwell_time=0.3))
    thread.join()
    engine.resume()
    energy = microscope.eels.energy()
    pairs = scalars_and_spectra(documents)
    assert len(pairs) == 6
    for data, spectrum in pairs:
        assert data["scalar_value"] == pytest.approx(SCALARISER(spectrum, energy).value, nan_ok=True)
    numbers = [doc["indices"]["start"] for doc in of(documents, "stream_datum")[1:]]
    assert numbers[:2] == [0, 1]
    assert len(set(numbers)) == 6
    assert of(documents, "stop")[0]["exit_status"] == "success"


@pytest.mark.parametrize(
    ("detector", "changes"), [("haadf", {"survey_dwell_time": 5e-3}), ("eels", {"dwell_time": 5.0})]
)
def test_an_abort_in_the_middle_of_an_exposure_blanks_at_once(
    engine, documents, microscope, records, detector, changes
):
    thread = interrupt_exposure(engine, getattr(microscope, detector), 1)
    with pytest.raises(RunEngineInterrupted):
        engine(plan_of(microscope, records, **changes))
    thread.join()
    begin = time.monotonic()
    engine.abort("specimen drifts")
    assert time.monotonic() - begin < 2
    assert microscope.beam.blanked.get() == "Blanked"
    (stop,) = of(documents, "stop")
    assert (stop["exit_status"], stop["reason"]) == ("abort", "specimen drifts")


def test_a_spent_budget_ends_the_run_before_the_ioc_has_to_refuse(engine, documents, microscope, records):
    budget = microscope.beam.electrons.get() + 6e7
    microscope.beam.electron_budget.set(budget).wait(5)
    try:
        engine(plan_of(microscope, records, num_points=500, dwell_time=0.02))
    finally:
        microscope.beam.electron_budget.set(0.0).wait(5)
    (stop,) = of(documents, "stop")
    assert stop["exit_status"] == "success"
    assert 0 < stop["num_events"]["primary"] < 500
    assert microscope.beam.electrons.get() <= budget
    assert microscope.beam.blanked.get() == "Blanked"


@pytest.mark.parametrize(
    ("part", "attribute", "value"),
    [("eels", "acquire_time", 0.03), ("scanner", "field_of_view", 55.0), ("scanner", "rotation", 12.0)],
)
def test_a_run_fails_when_another_client_changes_what_it_was_started_with(
    engine, documents, microscope, records, part, attribute, value
):
    signal = getattr(getattr(microscope, part), attribute)
    before = 0.02 if attribute == "acquire_time" else signal.get()
    other = Setpoint(signal.setpoint_pvname, name="anothers")
    other.wait_for_connection(timeout=5)

    def change(name, doc):
        if name == "event" and doc["seq_num"] == 3 and "scalar_value" in doc["data"]:
            other.set(value).wait(5)

    engine.subscribe(change)
    with pytest.raises(RuntimeError, match=f"{signal.pvname} was changed from {before:g} to {value:g}"):
        engine(plan_of(microscope, records, num_points=50, dwell_time=0.02))
    (stop,) = of(documents, "stop")
    assert stop["exit_status"] == "fail"
    assert stop["reason"].startswith(signal.pvname)
    values = [data[signal.name] for data, _ in scalars_and_spectra(documents)]
    assert len(values) <= 4  # a monitor takes 10 ms, in which an exposure may have begun
    assert values[:3] == [before] * 3
    assert microscope.beam.blanked.get() == "Blanked"
    signal.set(before).wait(5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"field_of_view": 1e9}, "scanner_field_of_view"), ({"dwell_time": 1e6}, "eels_acquire_time")],
)
def test_what_the_limits_forbid_is_refused_before_a_run(
    engine, documents, microscope, records, changes, message
):
    with pytest.raises(ValueError, match=message) as refused:
        engine(plan_of(microscope, records, **changes))
    assert "\n" not in str(refused.value)
    assert documents == []


def test_the_survey_has_the_shape_that_was_asked_for(engine, documents, microscope, records):
    engine(plan_of(microscope, records, num_points=1, survey_shape=(24, 32)))
    assert of(documents, "start")[0]["survey"]["shape"] == [24, 32]
    image = next(doc for doc in of(documents, "stream_resource") if doc["data_key"] == "haadf_image")
    with h5py.File(unquote(urlparse(image["uri"]).path), "r", swmr=True) as file:
        assert file["/entry/data/data"].shape == (1, 24, 32)


OPTIONS = {"num_points": 20, "num_seed": 6, "seed": 1, "acquisition": "maximum_uncertainty"}


def adaptive(microscope, records, make_proposer):
    return adaptive_spectroscopy(
        microscope,
        records,
        SCALARISER,
        make_proposer,
        num_points=20,
        dwell_time=0.01,
        survey_shape=(32, 32),
        md={"agent": OPTIONS},
    )


def test_an_agent_measures_where_its_model_knows_least(engine, documents, microscope, records):
    def make(found):
        return WorkerProposer(found.features, found.positions, OPTIONS)

    summary = engine(adaptive(microscope, records, make)).plan_result
    streams = {doc["uid"]: doc["name"] for doc in of(documents, "descriptor")}
    events = [(streams[doc["descriptor"]], doc["data"]) for doc in of(documents, "event")]
    *decisions, last = [data for stream, data in events if stream == "decisions"]
    strategies = [data["decision_strategy"] for data in decisions]
    assert strategies[:6] == ["seed"] * 6
    assert strategies[-1] == "maximum_uncertainty"
    assert decisions[-1]["decision_acquisition"] > 0
    assert decisions[-1]["decision_model_version"] >= 1
    assert last["decision_reason"] == summary.reason
    assert len({(data["decision_y"], data["decision_x"]) for data in decisions}) == 20
    (prediction,) = [data for stream, data in events if stream == "prediction"]
    assert np.isfinite(prediction["prediction_mean"]).all()
    assert prediction["prediction_mean"].shape == (32, 32)
    assert summary.num_points == 20
    assert summary.best_value is not None


def test_a_killed_agent_fails_the_run_and_leaves_the_beam_blanked(engine, documents, microscope, records):
    made = []

    def make(found):
        made.append(WorkerProposer(found.features, found.positions, OPTIONS))
        return made[0]

    def kill(name, doc):
        if name == "event" and doc["seq_num"] == 8 and "scalar_value" in doc["data"]:
            os.kill(made[0].pid, signal.SIGKILL)

    engine.subscribe(kill)
    with pytest.raises(RuntimeError, match="the agent's .* failed: AgentError: the agent's process"):
        engine(adaptive(microscope, records, make))
    (stop,) = of(documents, "stop")
    assert stop["exit_status"] == "fail"
    assert "the agent's process" in stop["reason"]
    assert microscope.beam.blanked.get() == "Blanked"
