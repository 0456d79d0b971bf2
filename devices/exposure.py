"""How a detector is triggered: one put of `Acquire`, done when the frame is measured and written."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from ophyd import Device, EpicsSignal
from ophyd.utils import WaitTimeoutError

from .action import Action
from .frame_file import FrameFile
from .ioc_link import IOCLink
from .put import Put
from .reading import Reading, ask

ABORTS = 5  # in so many seconds; an abort that overtakes the put of Acquire has nothing to end
IDLE, EXPOSING = "Idle", "Acquire"


class AcquisitionFailed(RuntimeError):
    """The IOC could not take a frame; the message names the PV and gives the IOC's status message."""


@dataclass(frozen=True)
class Exposure:
    """Trigger logic shared by the detectors.

    Attributes
    ----------
    acquire
        ``cam1:Acquire``.
    state
        ``cam1:DetectorState_RBV``, as text.
    message
        ``cam1:StatusMessage_RBV``: why the last acquisition failed, "" if it did not.
    file
        Where the frame goes, if it is written.
    duration
        Beam time of one acquisition [s]; asked only if it takes longer than half a second.
    ahead
        What a point reads when the exposure is over: asked for at once, together.
    margin
        What an acquisition may take beyond `duration` [s]: settling, read-out, writing.
    queue
        Longest wait for exposures of the other detectors, which share the beam [s].
    """

    acquire: EpicsSignal
    state: Reading
    message: Reading
    file: FrameFile
    duration: Callable[[], float]
    ahead: tuple[Reading, ...] = ()
    margin: float = 8.0
    queue: float = 3600.0

    def start(self, device: Device) -> Action:
        """Acquire one frame; the status fails with `AcquisitionFailed` or `CaptureFailed`."""
        put = Put(self.acquire, 1)
        patience = self._patience()

        def work() -> None:
            put.wait(patience)
            ask((self.file.num_captured, *self.ahead))
            self._confirm()

        return Action(device, work)

    def _confirm(self) -> None:
        written = self.file.advanced()
        if written:
            return  # a new frame is in the file: nothing else needs to be asked
        state = self.state.get()
        if state != IDLE:
            # a put that was refused because another client acquires has no message of its own
            reason = self.message.get() or f"the detector is in state {state}"
            raise AcquisitionFailed(f"{self.acquire.setpoint_pvname} failed: {reason}")
        if written is False:
            raise self.file.lost()

    def _patience(self) -> Callable[[], str | None]:
        queued = time.monotonic()
        started: float | None = None

        def overdue() -> str | None:
            nonlocal started
            now = time.monotonic()
            if started is None and self.state.get() == EXPOSING:
                started = now
            if started is None:
                if now - queued < self.queue:
                    return None
                return f"not started after {self.queue:g} s although the IOC answers: abort what is before it"
            longest = self.duration() + self.margin
            if now - started < longest:
                return None
            return f"no frame after {longest:g} s although the IOC answers: look at its log, and restart it"

        return overdue


def call_off(action: Action | None, link: IOCLink) -> None:
    """Abort an exposure that nobody waits for any more; it does not count as failed."""
    if action is None or action.done:
        return
    action.abandon()
    for _ in range(ABORTS):
        link.stop()
        with contextlib.suppress(WaitTimeoutError):
            action.exception(timeout=1.0)
            return
