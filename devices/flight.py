"""How a detector flies: armed, triggered by a scan, and watched until its last frame is in the file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ophyd import Device, EpicsSignal

from .action import Action
from .exposure import EXPOSING, IDLE, AcquisitionFailed, Exposure
from .put import Put
from .reading import Reading

ARMED = "Waiting"
LOOK = 0.005  # [s] between two looks at whether the detector is armed
ARMING = 8.0  # [s] it may take, the exposures of other detectors apart


@dataclass(frozen=True)
class Flight:
    """Fly logic of a detector.

    Attributes
    ----------
    exposure
        How it acquires.
    scan
        ``Scan:Acquire``, which triggers it.
    frames
        How many frames have come in this acquisition.
    stall
        Longest time without a new frame [s]; asked for once.
    """

    exposure: Exposure
    scan: EpicsSignal
    frames: Reading
    stall: Callable[[], float]

    def start(self, device: Device, expected: int) -> tuple[Action, Action]:
        """Arm the detector and start the scan.

        Parameters
        ----------
        device
            Whose flight it is.
        expected
            Frames of it.

        Returns
        -------
        started
            Done when the scan is under way.
        ended
            Done when the last frame is in the file; fails, as does `started`, with `AcquisitionFailed` or
            `CaptureFailed`.
        """
        before = self.exposure.file.captured
        armed = Put(self.exposure.acquire, 1)
        scanned: list[Put] = []

        def start() -> None:
            self._wait_for(armed, ARMED)
            scanned.append(Put(self.scan, 1))
            self._wait_for(scanned[0], EXPOSING)

        started = Action(device, start)

        def end() -> None:
            started.wait()
            overdue = self._stalled()
            scanned[0].wait(overdue)
            armed.wait(overdue)
            self._confirm(before + expected)

        return started, Action(device, end)

    def _wait_for(self, put: Put, state: str) -> None:
        """Wait until the detector shows `state`, or the put is over: then it was quick, or refused."""
        deadline = time.monotonic() + ARMING
        while not put.completed and (now := self.exposure.state.get()) != state:
            if time.monotonic() > deadline:
                raise AcquisitionFailed(
                    f"{self.exposure.acquire.setpoint_pvname}: still {now} after {ARMING:g} s, not {state}: "
                    "abort what is in progress"
                )
            time.sleep(LOOK)
        if put.completed and self.exposure.state.get() != IDLE:
            self._fail()

    def _confirm(self, expected: int) -> None:
        if self.exposure.state.get() != IDLE:
            self._fail()
        self.exposure.file.advanced()
        if self.exposure.file.capturing and self.exposure.file.captured != expected:
            raise self.exposure.file.lost()

    def _fail(self) -> None:
        reason = self.exposure.message.get() or "no reason is given"
        raise AcquisitionFailed(f"{self.exposure.acquire.setpoint_pvname} failed: {reason}")

    def _stalled(self) -> Callable[[], str | None]:
        longest = self.stall()
        last, since = -1, time.monotonic()

        def overdue() -> str | None:
            nonlocal last, since
            now = int(self.frames.get())
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since < longest:
                return None
            return f"no frame after {now} for {longest:g} s although the IOC answers: look at its log"

        return overdue
