from __future__ import annotations

import threading

import pytest

from stemline.devices.instruments.nion.wire import AcquisitionFailed, BadRequest, Busy
from stemline.devices.instruments.nion_server.jobs import Job, Jobs


def until_done(jobs: Jobs, number: int) -> dict:
    while (answer := jobs.poll(number, 0.5))["state"] == "running":
        pass
    return answer


def test_a_job_is_started_polled_and_done() -> None:
    jobs, go = Jobs(), threading.Event()

    def acquire(job: Job) -> dict:
        job.progress = 0.5
        go.wait(5)
        return {"answer": 42}

    number = jobs.start("scan", acquire)
    with pytest.raises(Busy, match="a scan is in progress"):
        jobs.start("spectrum", acquire)
    assert jobs.poll(number, 0.05) == {"state": "running", "progress": 0.5, "partial": {}}
    go.set()
    assert until_done(jobs, number) == {"state": "done", "result": {"answer": 42}}
    assert jobs.start("spectrum", acquire) == number + 1
    with pytest.raises(BadRequest, match=f"no acquisition {number}"):
        jobs.poll(number, 0.0)


def test_an_aborted_job_is_aborted_whatever_it_returns() -> None:
    jobs, cancelled = Jobs(), threading.Event()

    def acquire(job: Job) -> dict:
        job.cancel = cancelled.set
        cancelled.wait(5)
        return {"looks": "complete"}  # as Nion's aborted scans do

    number = jobs.start("scan", acquire)
    jobs.abort("spectrum")
    assert jobs.poll(number, 0.05)["state"] == "running"
    while not cancelled.is_set():
        jobs.abort("scan")
    assert until_done(jobs, number) == {"state": "aborted"}
    jobs.abort("scan")  # of nothing


@pytest.mark.parametrize("error", [AssertionError(), AcquisitionFailed("Nion failed during a scan: why")])
def test_a_failed_job_says_why(error: Exception) -> None:
    jobs = Jobs()

    def acquire(job: Job) -> dict:
        raise error

    with pytest.raises(AcquisitionFailed, match="Nion failed during a scan: ") as found:
        until_done(jobs, jobs.start("scan", acquire))
    assert "\n" not in str(found.value)
