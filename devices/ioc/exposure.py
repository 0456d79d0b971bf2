"""The one way to put the beam on the specimen, and to do anything else with the instrument."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .client import CLIENT
from .dose import Charge
from .driver_process import DriverError, DriverProcess
from .lease import Leases
from .records import Refused
from .renewal import DRIVER_SILENT, Renewal

OVERHEAD = 0.5  # of an exposure, for the flyback of the scan and the readout of the camera
HANGING = 5.0  # [s] after which a driver that was told to stop and does not is ended; clients wait 8


@dataclass(frozen=True)
class Shot:
    """One exposure, as the driver's process takes it.

    Attributes
    ----------
    detector
        "HAADF", "EELS" or "PAD".
    mode
        "frame" (a raster), "spot" (one pixel where the probe stands), "spectrum" or "frames" (patterns where
        the probe stands).
    dwell
        Of one pixel, of the spectrum, or of one pattern [s].
    scan
        The raster in SI units; empty for the other modes.
    frames
        What the pixel-array detector does, as a `FrameRequest` has it; None for nothing.
    """

    detector: str
    mode: str
    dwell: float
    scan: dict[str, Any]
    frames: dict[str, Any] | None = None

    @property
    def seconds(self) -> float:
        """Time that the beam is needed for [s]."""
        if self.mode == "frames" and self.frames is not None:
            return self.dwell * float(self.frames["count"])
        return self.dwell * float(self.scan.get("ny", 1) * self.scan.get("nx", 1))


class Beam(Protocol):
    """What exposures ask and tell the process variables of the beam."""

    @property
    def settle_time(self) -> float:
        """Wait between unblanking and exposing [s]."""
        ...

    async def charge(self, shot: Shot, settle: float) -> Charge:
        """Count an exposure after `settle` [s]; raises `Refused` if there is no budget for it."""
        ...

    async def unblanked(self) -> None:
        """Show that the beam is on the specimen."""
        ...

    async def lost(self) -> None:
        """Show that nobody knows whether the beam is off."""
        ...

    async def spent(self, charge: Charge, seconds: float, answer: dict[str, Any]) -> None:
        """Count the `seconds` [s] that it took, and show what the driver's process says about the beam."""
        ...


class Exposures:
    """Does one thing at a time with the instrument: an exposure, a move, a setting.

    An exposure is refused before the beam is on. The driver's process unblanks, settles, exposes and blanks
    in one go, and a timer in this process blanks whatever the driver is doing. While the beam is on, this
    process passes the client's lease on to the watchdog that owns the blanker; it blanks when that lease is
    lost, and the watchdog does when nothing comes from here.

    Parameters
    ----------
    driver
        The driver's process.
    beam
        The process variables of the beam.
    leases
        Of the clients.
    overrun
        Time beyond one and a half times the exposure after which the timer blanks [s].

    Attributes
    ----------
    waiting
        Called with the reason when all is called off: for what waits for an exposure to begin.
    """

    def __init__(self, driver: DriverProcess, beam: Beam, leases: Leases, overrun: float) -> None:
        self._driver = driver
        self._beam = beam
        self._leases = leases
        self._overrun = overrun
        self._lock = asyncio.Lock()
        self._last = 0
        self._called_off = 0
        self._reason = ""
        self.waiting: list[Callable[[str], None]] = []
        self._unknown: asyncio.Task[None] | None = None  # kept, for the loop itself holds tasks weakly

    @contextlib.asynccontextmanager
    async def blanked(self) -> AsyncIterator[DriverProcess]:
        """Wait for the instrument, and have it alone, its beam blanked.

        Raises
        ------
        DriverError
            If all was called off meanwhile.
        """
        self._last += 1
        number = self._last
        async with self._lock:
            if self._called_off >= number:
                raise DriverError(self._reason, aborted=True)
            try:
                yield self._driver
            except DriverError as error:
                if error.aborted:
                    raise DriverError(self._reason or str(error), True, error.answer) from None
                raise

    async def take(
        self,
        shot: Callable[[], Shot],
        started: Callable[[], Awaitable[None]],
        told: Callable[[dict[str, Any]], None] | None = None,
    ) -> tuple[NDArray[np.generic], dict[str, Any]]:
        """Take one exposure.

        Parameters
        ----------
        shot
            Says which, once the instrument is free.
        started
            Called when the exposure has been ordered.
        told
            Called with what the driver's process tells of patterns while they come in.

        Returns
        -------
        frame
            What was measured; the last pattern where it was patterns only.
        answer
            What the driver's process says about it: "total", and "captured" and "write_error" of its file;
            "frames" of the patterns, with the last one as "frame".

        Raises
        ------
        Refused
            If the client has no lease, or it would pass a budget.
        DriverError
            If it failed or was called off.
        """
        async with self.blanked() as driver:
            one, settle = shot(), self._beam.settle_time
            refusal = self._leases.refusal(CLIENT.get())
            if refusal is not None:
                raise Refused(refusal)
            called_off = self._called_off
            charge = await self._beam.charge(one, settle)
            if self._called_off > called_off:  # while a large raster was counted
                await self._beam.spent(charge, 0.0, {"blanked": True})
                raise DriverError(self._reason, aborted=True)
            answer = await self._expose(one, settle, charge, started, told)
            patterns = answer.get("frames")
            if patterns is not None:
                patterns["frame"] = driver.frame(patterns)
                if one.mode == "frames":
                    return patterns["frame"], answer
            return driver.frame(answer), answer

    def call_off(self, reason: str) -> None:
        """Blank now; all that is in progress or waiting fails with `reason`."""
        self._called_off, self._reason = self._last, reason
        self._driver.call_off()
        for end in self.waiting:
            end(reason)

    def _lapsed(self, reason: str) -> None:
        self.call_off(reason)
        if reason == DRIVER_SILENT:
            loop = asyncio.get_running_loop()
            self._unknown = loop.create_task(self._beam.lost())
            loop.call_later(HANGING, self._driver.kill)

    async def _expose(
        self,
        shot: Shot,
        settle: float,
        charge: Charge,
        started: Callable[[], Awaitable[None]],
        told: Callable[[dict[str, Any]], None] | None,
    ) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        longest = settle + (1 + OVERHEAD) * shot.seconds + self._overrun
        timers = (
            loop.call_later(longest, self._driver.call_off),
            loop.call_later(longest + HANGING, self._driver.kill),
        )
        renewal = Renewal(self._driver, partial(self._leases.remaining, CLIENT.get()), self._lapsed)
        if renewal.lapsed:
            for timer in timers:
                timer.cancel()
            await self._beam.spent(charge, 0.0, {"blanked": True})
            raise DriverError(self._reason, aborted=True)

        def news(what: dict[str, Any]) -> None:
            if what.get("blanked"):  # the scan is over; late patterns cost no dose
                renewal.end()
                for timer in timers:
                    timer.cancel()
            if told is not None:
                told(what)

        answered = self._driver.post("expose", told=news, **asdict(shot), settle=settle)
        answer: dict[str, Any] = {}
        try:
            # published while the driver is at work, not before
            await self._beam.unblanked()
            await started()
            answer = await answered
            # a simulated or replayed exposure may take less time than it stands for
            answer["on_time"] = max(answer["on_time"], settle + shot.seconds)
        except DriverError as error:
            answer = error.answer
            if error.aborted and loop.time() - begin >= longest:
                raise DriverError(
                    f"the exposure was not over after {longest:.3g} s and the IOC blanked: look at the "
                    "driver, or raise `overrun` in the IOC's configuration"
                ) from None
            raise
        finally:
            renewal.end()
            for timer in timers:
                timer.cancel()
            on_time = answer.get("on_time", loop.time() - begin)
            await self._beam.spent(charge, on_time, answer)
        return answer
