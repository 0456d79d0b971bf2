"""The optics of a recording: read, never set."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType

from ..protocol import ControlInfo, ControlValue, InstrumentError, MicroscopeState

UNITS = {
    "beam_energy": "eV",
    "beam_current": "A",
    "convergence_angle": "rad",
    "collection_angle": "rad",
    "camera_length": "m",
}


class ReplayControls:
    """Read-only controls; `optics` by name of the control, in the units of `UNITS`."""

    def __init__(self, optics: Mapping[str, float]) -> None:
        self.controls: Mapping[str, ControlInfo] = MappingProxyType(
            {name: ControlInfo(UNITS[name], value, value, settable=False) for name, value in optics.items()}
        )
        values = {name: ControlValue(value, value) for name, value in optics.items()}
        self._state = MicroscopeState(0, time.time(), MappingProxyType(values))

    def set(self, name: str, value: float) -> None:
        """Refuse: a recording can't be changed."""
        if name not in self.controls:
            raise InstrumentError(f"this recording knows no {name!r}: it has {', '.join(self.controls)}")
        raise InstrumentError(
            f"{name} of a recording can't be set to {value:g}: change it in the configuration"
        )

    def state(self) -> MicroscopeState:
        """Give the recorded values; nothing changes, so `sequence` stays 0."""
        return self._state

    def abort(self) -> None:
        """Do nothing: nothing moves."""
