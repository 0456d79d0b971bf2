"""Our agent under bluesky-adaptive: in one run, and through its queue-server runner."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bluesky import RunEngine
from bluesky_adaptive.plans import optimize_in_run
from bluesky_adaptive.protocols import (
    EvaluationFunction,
    OptimizationProblem,
    Optimizer,
    QueueserverOptimizationProblem,
    SupportsStoppingCriteria,
)
from bluesky_adaptive.queueserver import QueueserverClient, QueueserverOptimizationRunner
from bluesky_queueserver_api import BPlan

from stemline.adaptive_optimizer import AdaptiveOptimizer
from stemline.agents.worker import WorkerProposer
from stemline.analysis.featurise import candidates
from stemline.analysis.scalarise import make_scalariser
from stemline.consumers.run_stream import read_array
from stemline.consumers.wait_for_run import wait_for_run
from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.ioc.config import IOCConfig
from stemline.devices.ioc.server import IOCThread
from stemline.devices.microscope import connect as connect_microscope
from stemline.plans.survey import survey
from stemline.queue.finished_runs import FinishedRuns
from stemline.queue.service import free_port
from stemline.suggested_points import SuggestedPoints, evaluate_run
from stemline.tiled_config.client import connect, disconnect

from .queue.conftest import serve

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

SHAPE, GRID, FIELD = (32, 32), (16, 16), 60.0
SCALARISER = make_scalariser("integrated_intensity", window=(1.5, 2.5), normalisation="zero_loss")


@contextmanager
def agent_over(image: np.ndarray, num_points: int) -> Iterator[AdaptiveOptimizer]:
    chosen = candidates(np.reshape(image, SHAPE), FIELD / SHAPE[1], GRID, None)
    options = {"num_points": num_points, "num_seed": 4, "seed": 0}
    worker = WorkerProposer(chosen.features, chosen.positions, options)
    try:
        yield AdaptiveOptimizer(worker)
    finally:
        worker.close()


def learned(agent: AdaptiveOptimizer) -> list[dict[str, Any]]:
    """What the agent was told, in the order of the suggestions."""
    points = agent._agent.submit("checkpoint").result(30)["visits"]["points"]
    return sorted(points, key=lambda point: point["id"])


def test_the_agent_runs_under_optimize_in_run(tmp_path: Path):
    documents = []
    with IOCThread(IOCConfig(write_root=tmp_path)) as ioc:
        use_channel_access([f"127.0.0.1:{ioc.port}"])
        microscope = connect_microscope("EM1:", DataRoots(write=tmp_path, read=tmp_path))
        engine = RunEngine({}, context_managers=[])
        engine(survey(microscope, shape=SHAPE, field_of_view=FIELD, dwell_time=1e-6))
        points = SuggestedPoints(microscope, SCALARISER)
        assert isinstance(points.evaluate, EvaluationFunction)
        engine.subscribe(lambda name, doc: documents.append((name, doc)))
        with agent_over(microscope.haadf.image.get(), num_points=8) as agent:
            assert isinstance(agent, Optimizer)
            assert isinstance(agent, SupportsStoppingCriteria)
            problem = OptimizationProblem(
                optimizer=agent,
                actuators=[microscope.scanner.y, microscope.scanner.x],
                sensors=[microscope.eels],
                evaluation_function=points.evaluate,
                acquisition_plan=points.acquire,
            )
            engine(points.around(optimize_in_run(problem, iterations=30)))
            told = learned(agent)
            ((_, best, _),) = agent.get_best_points()

    stops = [doc for name, doc in documents if name == "stop"]
    assert [stop["exit_status"] for stop in stops] == ["success"], "one run"
    streams = {doc["uid"]: doc["name"] for name, doc in documents if name == "descriptor"}
    events = [(streams[doc["descriptor"]], doc["data"]) for name, doc in documents if name == "event"]
    measured = [data for stream, data in events if stream == "primary"]
    assert len(measured) == 8, "the agent's own budget ended it before the 30 iterations did"
    values = [data["scalar_value"] for data in measured]
    assert [point["value"] for point in told] == values, "the agent learned what the events say"
    assert len(events) - len(measured) == 8, "bluesky-adaptive tells its side of each iteration"
    where = [(data["scanner_y"], data["scanner_x"]) for data in measured]
    assert any(np.allclose((best["scanner_y"], best["scanner_x"]), one) for one in where)


def test_the_agent_runs_through_the_queue_servers_runner(tmp_path: Path):
    port = free_port()
    with serve(tmp_path / "data", more=f"catalog: {{port: {port}}}\n") as served:
        runs = connect(
            f"http://127.0.0.1:{port}/api/v1", (served.data / "catalog/keys/agent").read_text().strip()
        )
        try:
            overview = served.run(BPlan("survey", shape=list(SHAPE), field_of_view=FIELD, dwell_time=1e-6))
            finished = FinishedRuns(runs)
            image = wait_for(runs, overview["result"]["run_uids"][0])
            served.manager.user_group = "agent"
            with agent_over(image, num_points=6) as agent:
                problem = QueueserverOptimizationProblem(
                    optimizer=agent,
                    actuators=["scanner.y", "scanner.x"],
                    sensors=["eels"],
                    evaluation_function=lambda uid, suggestions: evaluate_run(runs[uid], suggestions),
                    acquisition_plan="measure_suggestions",
                )
                runner = QueueserverOptimizationRunner(problem, QueueserverClient(served.manager, finished))
                result = runner.run(iterations=3, num_points=2).result(timeout=120)
                told = learned(agent)
                assert agent.should_stop()[0], "its budget of six is measured"
            finished.stop()

            assert result.iterations_completed == 3
            assert [point["id"] for point in told] == list(range(6))
            assert all(point["value"] is not None for point in told)
            first = runs[result.uids[0]].metadata["start"]
            assert (first["plan_name"], first["num_points"]) == ("measure_suggestions", 2)
        finally:
            disconnect(runs)


def wait_for(runs, uid: str) -> np.ndarray:
    """The overview image, when it is in the catalog."""
    image = read_array(wait_for_run(runs, uid), "survey", "haadf_image")
    assert image is not None
    return image
