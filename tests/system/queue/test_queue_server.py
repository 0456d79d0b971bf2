"""`stemline queue` with its real processes: what may be submitted, what becomes of it, who may do what."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from bluesky_queueserver_api import BPlan

from .conftest import Served, family

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]


def listening(pids: list[int]) -> set[str]:
    """Local addresses, in hex, that these processes listen on (TCP, both versions)."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(str(descriptor.readlink()))
            except OSError:
                continue
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(fields[1].split(":")[0])
    return found


def post(url: str, key: str, path: str, **payload: object) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        f"{url}/api/{path}",
        data=json.dumps(payload).encode(),
        headers={"Authorization": f"ApiKey {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}


def key(served: Served, *folder: str) -> str:
    return served.data.joinpath("queue", *folder, "api_key").read_text().strip()


def test_everything_listens_on_the_loopback_interface_only(served: Served):
    assert listening(family(served.process.pid)) == {"0100007F"}


def test_session_devices_and_plans_are_offered(served: Served):
    devices = served.manager.devices_allowed()["devices_allowed"]
    assert {"scanner", "haadf", "eels", "beam", "optics", "stage"} <= devices.keys()
    assert "acquire" not in devices["eels"]["components"], "exposures are for plans"
    plans = served.manager.plans_allowed()["plans_allowed"]
    ours = {"adaptive_spectroscopy", "random_spectroscopy", "grid_spectroscopy", "survey"}
    assert ours | {"count", "scan", "grid_scan", "mv"} <= plans.keys()
    number = {one["name"]: one for one in plans["adaptive_spectroscopy"]["parameters"]}["num_points"]
    assert (number["min"], number["step"], number["description"]) == (
        "1",
        "1",
        "Measurement budget, seed points included.",
    )


def test_a_plan_runs(served: Served):
    done = served.run(BPlan("random_spectroscopy", num_points=3, seed=1))
    assert (done["result"]["exit_status"], done["result"]["msg"]) == ("completed", "")
    assert len(done["result"]["run_uids"]) == 1


def test_the_adaptive_experiment_runs(served: Served):
    done = served.run(BPlan("adaptive_spectroscopy", num_points=4, acquisition="maximum_uncertainty"))
    assert done["result"]["exit_status"] == "completed", done["result"]["msg"]


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (BPlan("count", ["nope"]), "input_value='nope'"),
        (BPlan("grid_scan", ["haadf"], "scanner.q", -1, 1, 2), "input_value='scanner.q'"),
        (BPlan("survey", dwell_time="long"), "valid number"),
        (BPlan("random_spectroscopy", num_points=0), r"Value 0 is out of range \[1, "),
        (BPlan("random_spectroscopy", dwell_time=1e9), r"Value 1000000000.0 is out of range"),
        (BPlan("adaptive_spectroscopy", acquisition="best"), "input_value='best'"),
        (BPlan("adaptive_spectroscopy", points=3), "unexpected keyword argument 'points'"),
        (BPlan("count", ["haadf"], per_shot="survey"), "per_shot"),
        (BPlan("melt_specimen"), "'melt_specimen' is not in the list of allowed plans"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_not_run_is_refused_at_submission(served: Served, plan: BPlan, why: str):
    with pytest.raises(served.manager.RequestFailedError, match=why):
        served.manager.item_add(plan)


def test_a_plan_that_fails_is_in_the_history_with_its_reason(served: Served):
    done = served.run(BPlan("mv", "scanner.x", 1e6))
    assert done["result"]["exit_status"] == "failed"
    assert "scanner_x" in done["result"]["msg"]
    assert "is outside" in done["result"]["msg"]
    served.manager.queue_clear()  # the manager gives a failed plan back to the queue, and stops


@pytest.mark.parametrize(
    "plan",
    [
        BPlan("count", ["haadf"]),
        BPlan("mv", "beam.electron_budget", 1e12),
        BPlan("measure_suggestions", [{"_id": 0}], ["stage.x", "scanner.x"]),
    ],
    ids=["another plan", "the electron budget", "the stage"],
)
def test_an_agent_may_not_submit(served: Served, plan: BPlan):
    with pytest.raises(served.manager.RequestFailedError, match="validation failed"):
        served.manager.item_add(plan, user_group="agent")


def test_the_agents_key_opens_submission_and_no_more(served: Served):
    url, secret = served.addresses["agent"], key(served, "agent")
    plan = {"item_type": "plan", "name": "survey", "kwargs": {}}
    code, answer = post(url, secret, "queue/item/add", item=plan)
    assert (code, answer["success"]) == (200, True)
    served.manager.queue_clear()
    assert answer["item"]["user_group"] == "agent"  # type: ignore[index]
    _, answer = post(url, secret, "queue/item/add", item={**plan, "name": "count", "args": [["haadf"]]})
    assert answer["success"] is False
    assert post(url, secret, "script/upload", script="print(1)")[0] in (401, 403)
    function = {"item_type": "function", "name": "print"}
    assert post(url, secret, "function/execute", item=function)[0] in (401, 403)
    assert post(url, secret, "environment/destroy")[0] in (401, 403)
    assert post(url, secret, "permissions/set", user_group_permissions={})[0] in (401, 403)


def test_people_may_steer_and_call_nothing_else(served: Served):
    from bluesky_queueserver_api import BFunc

    with pytest.raises(served.manager.RequestFailedError, match="not allowed"):
        served.manager.function_execute(BFunc("load"))
    task = served.manager.function_execute(BFunc("pin", 1.0, 2.0), run_in_background=True)["task_uid"]
    served.manager.wait_for_completed_task(task, timeout=30)
    result = served.manager.task_result(task)["result"]
    assert "no run listens" in result["msg"]


def test_a_wrong_key_opens_nothing(served: Served):
    assert post(served.addresses["http"], "0" * 64, "queue/clear")[0] == 401
    assert post(served.addresses["http"], key(served), "queue/clear")[0] == 200
    assert post(served.addresses["http"], key(served, "agent"), "queue/clear")[0] == 401


def test_keys_are_in_their_files_only(served: Served):
    secrets = [key(served), key(served, "agent")]
    for folder in ((), ("agent",)):
        assert served.data.joinpath("queue", *folder, "api_key").stat().st_mode & 0o777 == 0o600
    for pid in family(served.process.pid):
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert not any(secret.encode() in shown for secret in secrets)
    for file in (served.data / "queue").rglob("*"):
        if file.is_file() and file.name != "api_key":
            assert not any(secret.encode() in file.read_bytes() for secret in secrets), file
