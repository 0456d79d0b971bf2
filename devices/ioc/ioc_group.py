"""The process variables of the IOC itself."""

from __future__ import annotations

import asyncio

from .description import Description
from .exposure import Exposures
from .records import Records

PERIOD = 0.2  # [s] of the heartbeat


class IOCGroup:
    """`IOC:*`."""

    def __init__(self, records: Records, description: Description, exposures: Exposures) -> None:
        self._exposures = exposures
        self._heartbeat = records.integer("IOC:Heartbeat_RBV")
        records.text("IOC:Driver_RBV", description.name)
        records.text("IOC:Capabilities_RBV", ",".join((*description.capabilities, *description.controls)))
        records.integer("IOC:Abort", put=self._abort)

    async def beat(self) -> None:
        """Count up, five times a second, for ever."""
        while True:
            await asyncio.sleep(PERIOD)
            await self._heartbeat.show((self._heartbeat.value + 1) % 2**31)

    async def _abort(self, _: int) -> None:
        self._exposures.call_off("aborted by IOC:Abort")
