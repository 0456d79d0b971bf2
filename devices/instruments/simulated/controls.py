"""Lenses, stage and source of the simulated microscope."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType

from ..protocol import ControlInfo, ControlValue, InstrumentError, MicroscopeState
from .clock import Action
from .column import Column

TILT = math.radians(30)  # what a double-tilt holder allows
CONTROLS: Mapping[str, ControlInfo] = MappingProxyType(
    {
        "beam_energy": ControlInfo("eV", 20e3, 300e3, settable=False),
        "beam_current": ControlInfo("A", 0.0, 1e-9),
        "convergence_angle": ControlInfo("rad", 2e-4, 50e-3),
        "collection_angle": ControlInfo("rad", 1e-3, 100e-3),
        "defocus": ControlInfo("m", -2e-6, 2e-6),
        "stage_x": ControlInfo("m", -1e-6, 1e-6),
        "stage_y": ControlInfo("m", -1e-6, 1e-6),
        "stage_z": ControlInfo("m", -2e-6, 2e-6),
        "stage_alpha": ControlInfo("rad", -TILT, TILT),
        "stage_beta": ControlInfo("rad", -TILT, TILT),
    }
)
STAGE_SETTLING = 0.1  # [s]
LENS_SETTLING = 0.01  # [s]


class SimulatedControls:
    """Settings of the column, each settling in its time; the electronics report what was set.

    A control changes when it has settled: an aborted one stays where it was.
    """

    def __init__(self, column: Column) -> None:
        self._column = column
        self._action = Action(column.clock)
        self._lock = threading.Lock()
        self._state = self._snapshot(0)

    @property
    def controls(self) -> Mapping[str, ControlInfo]:
        """The controls of this microscope by name."""
        return CONTROLS

    def set(self, name: str, value: float) -> None:
        """Set a control and wait until it has settled.

        Raises
        ------
        InstrumentError
            If there is no such control, it can't be set, or `value` is beyond its limits.
        Aborted
            If it was aborted before it settled.
        """
        info = CONTROLS.get(name)
        if info is None:
            raise InstrumentError(f"no control {name!r}: use one of {', '.join(CONTROLS)}")
        if not info.settable:
            raise InstrumentError(f"{name} can't be set while the microscope runs: change it in the config")
        if not info.low <= value <= info.high:
            raise InstrumentError(
                f"{name} = {value:g} {info.unit} is beyond the limits: "
                f"ask for {info.low:g} to {info.high:g} {info.unit}"
            )
        began = self._action.begin()
        settling = STAGE_SETTLING if name.startswith("stage_") else LENS_SETTLING
        self._action.wait_until(began + settling, f"setting of {name}")
        with self._lock:
            self._column.settings = {**self._column.settings, name: float(value)}
            self._state = self._snapshot(self._state.sequence + 1)
        self._column.truth()  # here, so that it does not delay the next exposure

    def state(self) -> MicroscopeState:
        """Read all controls."""
        return self._state

    def abort(self) -> None:
        """Stop a movement in progress."""
        self._action.abort()

    def _snapshot(self, sequence: int) -> MicroscopeState:
        values = {name: ControlValue(value, value) for name, value in self._column.settings.items()}
        return MicroscopeState(sequence, time.time(), MappingProxyType(values))
