"""The lease of the beam is renewed in time while a neural network trains in the same process."""

from __future__ import annotations

import threading
import time
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import pytest
from ophyd import EpicsSignal

from stemline.devices.lease import PERIOD, SECONDS, Lease

pytestmark = pytest.mark.system


def train(torch: Any, ready: threading.Event, end: threading.Event) -> int:
    """Train a small network in a Python loop, as a deep kernel is, beside threads that only take the lock."""

    def spin() -> None:
        while not end.is_set():
            sum(number * number for number in range(10_000))

    network = torch.nn.Sequential(torch.nn.Linear(225, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1))
    optimiser = torch.optim.Adam(network.parameters())
    patches, scalars = torch.randn(500, 225), torch.randn(500, 1)
    steps = 0
    while not end.is_set():
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(network(patches), scalars).backward()
        optimiser.step()
        steps += 1
        if steps == 1:  # the first one imports half of torch
            ready.set()
            for _ in range(2):
                threading.Thread(target=spin, daemon=True).start()
    return steps


def test_training_does_not_cost_the_lease(start_ioc, bench, monkeypatch):
    import torch  # here, for it takes seconds to load

    one = bench(start_ioc())
    eels = one.microscope.eels
    assert one.run(bps.mv(eels.acquire_time, 4.0)) is None
    renewed: list[float] = []
    put = EpicsSignal.put

    def noted(signal, *args, **kwargs):
        if isinstance(signal, Lease):
            renewed.append(time.monotonic())
        return put(signal, *args, **kwargs)

    monkeypatch.setattr(EpicsSignal, "put", noted)
    ready, end, steps = threading.Event(), threading.Event(), []
    trainer = threading.Thread(target=lambda: steps.append(train(torch, ready, end)), daemon=True)
    trainer.start()
    assert ready.wait(60)
    assert one.run(bp.count([eels], num=2)) is None  # a lost lease fails the exposure
    end.set()
    trainer.join()
    gaps = [later - earlier for earlier, later in zip(renewed, renewed[1:], strict=False)]
    print("LEASE", "longest gap", round(max(gaps), 3), "s of", SECONDS, "in", len(gaps), "steps", steps)
    assert steps[0] > 10
    assert len(gaps) > 8 / PERIOD / 2
    assert max(gaps) < SECONDS


def test_a_lease_lasts_as_long_as_a_detector_is_staged(start_ioc, bench):
    one = bench(start_ioc())
    eels = one.microscope.eels
    held: list[bool] = []

    def plan():
        yield from bps.stage(eels)
        yield from bps.sleep(2 * SECONDS)  # a person, or a model, thinks
        held.append(eels.lease._renewing)
        yield from bps.trigger(eels, wait=True)
        yield from bps.unstage(eels)
        yield from bps.sleep(2 * PERIOD)
        held.append(eels.lease._renewing)
        yield from bps.trigger(eels, wait=True)  # one by itself has a lease too

    assert one.run(plan()) is None
    assert held == [True, False]
