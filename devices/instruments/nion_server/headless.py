"""Nion's instrumentation with its simulator, without Swift's windows."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nion.instrumentation import DriftTracker, HardwareSource, camera_base, scan_base
from nion.usim_device import DeviceConfiguration

from .hardware import Hardware, Names, find

# An acquisition that gives no data for this long fails [s]; Nion's 20 are too few for its simulated cameras,
# which compute slower than they expose.
STALLED = 120.0


def stock(sample: int) -> Any:
    """Nion's own simulator over one of its samples."""
    return DeviceConfiguration.AcquisitionContextConfiguration(
        sample_index=sample,
        set_configuration_location=False,  # it would delete and make ./test_data
    )


@contextlib.contextmanager
def headless(configure: Callable[[], Any]) -> Iterator[Hardware]:
    """Run Nion's instrumentation over the simulated devices that `configure` makes."""
    asyncio.set_event_loop(asyncio.new_event_loop())  # asked for, never run
    scan_base.SYNCHRONIZED_SCAN_TIMEOUT = STALLED
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        settings = Path(folder)
        for run, stop in (
            (HardwareSource.run, HardwareSource.stop),
            (DriftTracker.run, DriftTracker.stop),
            (lambda: camera_base.run(settings), camera_base.stop),
            (lambda: scan_base.run(settings), scan_base.stop),
        ):
            run()
            stack.callback(stop)
        devices = configure()
        devices.run()
        stack.callback(HardwareSource.HardwareSourceManager().close)
        stack.callback(devices.stop)
        yield find(Names())
