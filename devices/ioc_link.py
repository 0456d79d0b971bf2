"""The IOC itself, as a client sees it."""

from __future__ import annotations

from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, Kind

from .reading import Reading


class IOCLink(Device):  # type: ignore[misc]
    """Heartbeat, last message and abort; part of every device of a microscope.

    Stopping it aborts: the IOC blanks the beam and ends what is in progress. ophyd stops the parts of a
    device with the device, so a device needs nothing else for that.
    """

    heartbeat = Cpt(Reading, "Heartbeat_RBV", kind=Kind.omitted)
    message = Cpt(Reading, "Message_RBV", string=True, kind=Kind.omitted)
    abort = Cpt(EpicsSignal, "Abort", kind=Kind.omitted)

    def stop(self, *, success: bool = False) -> None:
        """Abort, unless the plan has come to its end (`success`).

        An IOC that is gone is not waited for: its driver's process has blanked the beam.
        """
        if success:
            return
        if self.abort.connected:
            self.abort.put(1)
        else:
            self.log.warning("%s: not connected, not aborted", self.abort.pvname)
