"""The process variables of lenses, stage and source: those that the instrument declares."""

from __future__ import annotations

from .description import Control, Description
from .exposure import Exposures
from .rate import Rate
from .records import Number, Records, Refused
from .units import DEG, MM, MRAD, NM, PA, Unit

CONTROLS: dict[str, tuple[str, Unit]] = {
    "beam_current": ("Beam:Current", PA),
    "convergence_angle": ("Optics:ConvergenceAngle", MRAD),
    "collection_angle": ("Optics:CollectionAngle", MRAD),
    "camera_length": ("Optics:CameraLength", MM),
    "defocus": ("Optics:Defocus", NM),
    "stage_x": ("Stage:X", NM),
    "stage_y": ("Stage:Y", NM),
    "stage_z": ("Stage:Z", NM),
    "stage_alpha": ("Stage:Alpha", DEG),
    "stage_beta": ("Stage:Beta", DEG),
}


def add_controls(
    records: Records,
    description: Description,
    exposures: Exposures,
    current: Number | None,
    stage_moves: int | None = None,
) -> None:
    """Add each control that the instrument has.

    Parameters
    ----------
    records, description, exposures
        Of the IOC.
    current
        The readback of the beam current.
    stage_moves
        As many a minute, of all axes together, are allowed; None for any number.
    """
    rate = None if stage_moves is None else Rate(stage_moves)
    for name, (pv, unit) in CONTROLS.items():
        if name in description.controls:
            control = description.controls[name]
            if name == "beam_current" and current is not None:
                readback = current
            else:
                readback = records.number(f"{pv}_RBV", unit.to_pv(control.readback), unit.name)
            _add_control(
                records,
                exposures,
                name,
                control,
                pv,
                unit,
                readback,
                rate if pv.startswith("Stage:") else None,
            )


def _add_control(
    records: Records,
    exposures: Exposures,
    name: str,
    control: Control,
    pv: str,
    unit: Unit,
    readback: Number,
    rate: Rate | None,
) -> None:
    async def apply(value: float) -> float:
        if rate is not None:
            refused = rate.refusal()
            if refused is not None:
                raise Refused(f"{records.prefix}{pv}: {refused}")
        async with exposures.blanked() as driver:
            answer = await driver.post("set", name=name, value=unit.to_si(value))
        return unit.to_pv(answer["readback"])

    async def refuse(_: float) -> None:
        raise Refused(f"{records.prefix}{pv} can be read, not set, on this instrument")

    if control.settable:
        limits = records.narrowed(pv, (unit.to_pv(control.low), unit.to_pv(control.high)))
        records.setting(pv, readback, limits, apply)
    else:
        records.number(pv, readback.value, unit.name, refuse)
