"""What is left when parts of `stemline queue` are killed, or all of it."""

import os
import signal
import time
from pathlib import Path

import pytest
from bluesky_queueserver_api import BPlan

from stemline.queue.service import SHORTEST_LIFE
from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.forwarder.status import forwarder_lives
from stemline.tiled_config.server import served_uri

from .conftest import STOPPING, alive, family, serve

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]
LONG = BPlan("random_spectroscopy", num_points=250, dwell_time=0.1)


def stop_documents(data: Path) -> list[dict[str, object]]:
    """Of all runs in the journal."""
    from stemline.tiled_config.journal.file import read

    documents = [doc for path in sorted((data / "journal").rglob("*.jsonl")) for doc in read(path)[0]]
    return [doc for name, doc in documents if name == "stop"]


def begun(frames: Path) -> bool:
    return any(frames.rglob("*.h5"))


def test_a_killed_worker_is_noticed_and_its_run_closed_as_failed(tmp_path: Path):
    data = tmp_path / "data"
    with serve(data) as served:
        served.manager.item_add(LONG)
        served.manager.item_add(BPlan("survey"))
        served.manager.queue_start()
        served.until(lambda status: status["re_state"] == "running")
        deadline = time.monotonic() + 60
        while not begun(data / "frames"):
            assert time.monotonic() < deadline
            time.sleep(0.1)

        killed = time.monotonic()
        os.kill(served.worker, signal.SIGKILL)
        served.said("the RE worker died")
        noticed = time.monotonic() - killed
        print(f"noticed after {noticed:.1f} s")
        assert noticed < 5.0
        served.said("the environment is open again")
        print(f"open again after {time.monotonic() - killed:.1f} s")

        status = served.manager.status(reload=True)
        assert (status["worker_environment_exists"], status["manager_state"]) == (True, "idle")
        last = served.manager.history_get(reload=True)["items"][-1]
        assert (last["name"], last["result"]["exit_status"]) == ("random_spectroscopy", "failed")
        waiting = served.manager.queue_get(reload=True)["items"]
        assert [item["name"] for item in waiting] == ["survey"], "what was measured in part is not run again"
        (stop,) = stop_documents(data)
        assert stop["exit_status"] == "fail"

        served.manager.queue_start()
        served.until(lambda status: status["items_in_queue"] == 0 and status["manager_state"] == "idle")
        assert served.manager.history_get(reload=True)["items"][-1]["result"]["exit_status"] == "completed"


def test_a_worker_told_to_end_aborts_its_run_and_the_catalog_stays(tmp_path: Path):
    data = tmp_path / "data"
    with serve(data) as served:
        server = served_uri(CatalogConfig(folder=data / "catalog"))
        served.manager.item_add(LONG)
        served.manager.queue_start()
        deadline = time.monotonic() + 60
        while not begun(data / "frames"):
            assert time.monotonic() < deadline
            time.sleep(0.1)

        os.kill(served.worker, signal.SIGTERM)
        served.said("the RE worker died")
        served.said("the environment is open again")
        (stop,) = stop_documents(data)
        assert (stop["exit_status"], stop["reason"]) == ("abort", "stopped by SIGTERM")

        served.manager.environment_close()
        served.until(lambda status: not status["worker_environment_exists"])
        assert forwarder_lives(data / "journal")
        runs = connect(server, (data / "catalog" / "keys" / "viewer").read_text().strip())
        try:
            (run,) = runs.values()
            assert run.metadata["stop"]["reason"] == "stopped by SIGTERM"
        finally:
            disconnect(runs)


def test_ctrl_c_aborts_the_plan_and_ends_everything(tmp_path: Path):
    data = tmp_path / "data"
    with serve(data) as served:
        served.manager.item_add(LONG)
        served.manager.queue_start()
        served.until(lambda status: status["re_state"] == "running")
        everybody = family(served.process.pid)
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(STOPPING) == 130
        assert alive(everybody) == []
        (stop,) = stop_documents(data)
        assert (stop["exit_status"], stop["reason"]) == ("abort", "stopped by SIGTERM")


def test_the_queue_outlives_the_death_of_everything(tmp_path: Path):
    data = tmp_path / "data"
    with serve(data, wait=False) as served:
        served.manager.item_add(BPlan("survey", md={"sample": "kept"}))
        everybody = family(served.process.pid)
        for pid in reversed(everybody):
            os.kill(pid, signal.SIGKILL)
        served.process.wait()
    deadline = time.monotonic() + 20
    while alive(everybody):
        assert time.monotonic() < deadline, "something was left behind"
        time.sleep(0.1)

    with serve(data) as served:
        (kept,) = served.manager.queue_get(reload=True)["items"]
        assert kept["kwargs"] == {"md": {"sample": "kept"}}
        assert served.run_next()["result"]["exit_status"] == "completed"


def test_nothing_is_left_when_the_command_itself_is_killed(tmp_path: Path):
    with serve(tmp_path / "data") as served:
        everybody = family(served.process.pid)
        served.process.kill()
        served.process.wait()
        deadline = time.monotonic() + 30
        while alive(everybody):
            assert time.monotonic() < deadline, "something was left behind"
            time.sleep(0.1)


def test_a_killed_manager_is_started_again_with_its_queue(tmp_path: Path):
    with serve(tmp_path / "data") as served:
        served.manager.item_add(BPlan("survey"))
        (manager,) = [pid for pid in family(served.process.pid) if "manager_process" in command(pid)][:1]
        time.sleep(SHORTEST_LIFE)  # one that ends sooner is not started again
        os.kill(manager, signal.SIGKILL)
        served.said("the RE manager ended: starting it again")
        served.said("the environment is open")
        assert served.run_next()["result"]["exit_status"] == "completed"


def test_a_session_that_can_not_open_is_told_in_one_line(tmp_path: Path):
    with serve(tmp_path / "data", more="catalog: {uri: 'http://127.0.0.1:9/api/v1'}\n", wait=False) as served:
        said = served.said("does not open")
        assert "00-session.py" in said
        assert "key" in said
        assert served.process.wait(STOPPING) == 1


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
