from __future__ import annotations

import math
import time
from dataclasses import FrozenInstanceError

import pytest

from stemline.devices.instruments.protocol import Controls, ControlValue, Instrument, InstrumentError

UNITS = {
    "beam_energy": "eV",
    "beam_current": "A",
    "convergence_angle": "rad",
    "collection_angle": "rad",
    "camera_length": "m",
    "defocus": "m",
    "stage_x": "m",
    "stage_y": "m",
    "stage_z": "m",
    "stage_alpha": "rad",
    "stage_beta": "rad",
}


@pytest.fixture
def controls(instrument: Instrument) -> Controls:
    assert isinstance(instrument.controls, Controls)
    return instrument.controls


def test_names_and_units_are_those_the_server_knows(controls: Controls) -> None:
    assert controls.controls
    for name, info in controls.controls.items():
        assert info.unit == UNITS[name]
        assert info.low <= info.high


def test_state_holds_every_control_within_its_limits(controls: Controls) -> None:
    state = controls.state()
    assert set(state.values) == set(controls.controls)
    assert 0 < state.timestamp <= time.time() + 1
    for name, value in state.values.items():
        info = controls.controls[name]
        assert info.low <= value.set <= info.high
        assert math.isfinite(value.readback)


def test_what_is_set_is_read_back_and_counted(controls: Controls) -> None:
    for name, info in controls.controls.items():
        if not info.settable:
            continue
        before = controls.state()
        wanted = before.values[name].set + 0.01 * (info.high - before.values[name].set)
        controls.set(name, wanted)
        after = controls.state()
        assert after.values[name].set == pytest.approx(wanted)
        assert after.values[name].readback == pytest.approx(wanted, abs=0.01 * (info.high - info.low))
        assert after.sequence > before.sequence


def test_looking_changes_nothing(controls: Controls) -> None:
    assert controls.state().sequence == controls.state().sequence


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e12])
def test_values_beyond_the_limits_are_refused_in_one_line(controls: Controls, value: float) -> None:
    before = controls.state()
    for name in controls.controls:
        with pytest.raises(InstrumentError, match=name) as error:
            controls.set(name, value)
        assert "\n" not in str(error.value)
    assert controls.state() == before


def test_what_cannot_be_set_says_so(controls: Controls) -> None:
    for name, info in controls.controls.items():
        if not info.settable:
            with pytest.raises(InstrumentError, match=name):
                controls.set(name, info.low)


def test_unknown_controls_are_refused(controls: Controls) -> None:
    with pytest.raises(InstrumentError, match="hovercraft"):
        controls.set("hovercraft", 1.0)


def test_a_snapshot_is_frozen(controls: Controls) -> None:
    state = controls.state()
    with pytest.raises(FrozenInstanceError):
        state.sequence = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        state.values["defocus"] = ControlValue(0, 0)  # type: ignore[index]


def test_abort_of_nothing_spares_the_next_setting(controls: Controls) -> None:
    controls.abort()
    name, info = next(iter(controls.controls.items()))
    if info.settable:
        controls.set(name, controls.state().values[name].set)
    assert set(controls.state().values) == set(controls.controls)
