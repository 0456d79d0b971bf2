"""Whether what was set, what the electronics report and what a sensor sees agree."""

from __future__ import annotations

from collections.abc import Mapping

from .description import Control

RELATIVE = 0.01  # of the value
OF_RANGE = 1e-4  # of what the control can be set to: a value near 0 may not be exact

Values = Mapping[str, tuple[float, float, float | None]]  # set, readback and sensor [SI], by control


def disagreements(controls: Mapping[str, Control], values: Values) -> tuple[str, ...]:
    """Name each control whose values do not agree, with the values in SI units.

    Parameters
    ----------
    controls
        As the instrument declares them.
    values
        Of all or some of them.
    """
    told = []
    for name, (asked, readback, sensor) in values.items():
        control = controls[name]
        tolerance = OF_RANGE * abs(control.high - control.low)
        known = [readback] if sensor is None else [readback, sensor]
        if control.settable:
            known.append(asked)
        spread = max(known) - min(known)
        if not spread <= tolerance + RELATIVE * max(abs(value) for value in known):  # true for NaN too
            sensed = "" if sensor is None else f", sensor {sensor:.6g}"
            told.append(f"{name}: set {asked:.6g}, readback {readback:.6g}{sensed}")
    return tuple(told)
