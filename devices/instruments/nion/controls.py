"""Lenses, stage and source, under our names."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..protocol import ControlInfo, ControlValue, InstrumentError, MicroscopeState
from .connection import Connection


@dataclass(frozen=True)
class _Known:
    nion: str
    info: ControlInfo


# Nion names no limits; these are generous for any of its columns, and the IOC's configuration narrows them.
KNOWN: Mapping[str, _Known] = MappingProxyType(
    {
        "beam_energy": _Known("EHT", ControlInfo("eV", 20e3, 300e3, settable=False)),
        "beam_current": _Known("BeamCurrent", ControlInfo("A", 0.0, 10e-9)),
        "convergence_angle": _Known("ConvergenceAngle", ControlInfo("rad", 0.0, 0.1, settable=False)),
        "defocus": _Known("C10", ControlInfo("m", -5e-6, 5e-6)),
        "stage_x": _Known("stage_position_m.x", ControlInfo("m", -1e-3, 1e-3)),
        "stage_y": _Known("stage_position_m.y", ControlInfo("m", -1e-3, 1e-3)),
    }
)


class NionControls:
    """Those of `KNOWN` that this instrument has.

    Parameters
    ----------
    connection
        To the server.
    there
        Names that Nion has.
    """

    def __init__(self, connection: Connection, there: Mapping[str, str]) -> None:
        self._connection = connection
        self._known = {name: known for name, known in KNOWN.items() if known.nion in there}
        self._infos = MappingProxyType({name: known.info for name, known in self._known.items()})
        self._lock = threading.Lock()
        self._state = MicroscopeState(0, 0.0)

    @property
    def controls(self) -> Mapping[str, ControlInfo]:
        """The controls of this microscope by name."""
        return self._infos

    def set(self, name: str, value: float) -> None:
        """Set a control and wait until Nion confirms it.

        Raises
        ------
        InstrumentError
            If there is no such control, it can't be set, or `value` is beyond its limits.
        """
        info = self._infos.get(name)
        if info is None:
            raise InstrumentError(f"no control {name!r}: use one of {', '.join(self._infos)}")
        if not info.settable:
            raise InstrumentError(f"{name} is not set from here: set it at the microscope")
        if not info.low <= value <= info.high:
            raise InstrumentError(
                f"{name} = {value:g} {info.unit} is beyond the limits: "
                f"ask for {info.low:g} to {info.high:g} {info.unit}"
            )
        self._connection.call("set", self._known[name].nion, value)

    def state(self) -> MicroscopeState:
        """Read all controls; a new state where one has changed, whoever changed it.

        Nion tells what a control is at, not what was asked for: the two are the same here.
        """
        found = self._connection.call("get", [known.nion for known in self._known.values()])
        values = {
            name: ControlValue(found[known.nion], found[known.nion]) for name, known in self._known.items()
        }
        with self._lock:
            if values != self._state.values:
                self._state = MicroscopeState(self._state.sequence + 1, time.time(), MappingProxyType(values))
            return self._state

    def abort(self) -> None:
        """Do nothing: Nion's controls change at once."""
