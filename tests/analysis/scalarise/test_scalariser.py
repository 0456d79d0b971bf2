from __future__ import annotations

import json

import numpy as np
import pytest

from stemline.analysis.scalarise import Flags, ScalarResult, make_scalariser

ENERGY = np.arange(-5.0, 45.0, 0.1)
SPECTRUM = 1e4 * np.exp(-0.5 * (ENERGY / 0.2) ** 2) + 50.0
CORE = np.arange(350.0, 650.0, 0.5)


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("sum", {}, "scalariser kind 'sum' is unknown: use one of integrated_intensity"),
        ("peak_energy", {}, "peak_energy needs window"),
        ("window_ratio", {"window": (1, 2)}, "needs reference_window"),
        ("peak_energy", {"window": (1, 2), "widow": 3}, "no parameter 'widow'"),
        ("peak_energy", {"window": (2, 1)}, "window = .2, 1. eV is empty"),
        ("peak_energy", {"window": 5}, "window = 5 is no window"),
        ("peak_energy", {"window": (1, float("nan"))}, "is empty"),
        ("peak_energy", {"window": (1, 2), "background": "spline"}, "background 'spline' is unknown"),
        ("peak_energy", {"window": (1, 2), "background": "power_law"}, "needs fit_window"),
        ("peak_energy", {"window": (1, 2), "background": "power_law", "fit_window": (-1, 1)}, "0 eV"),
        ("peak_energy", {"window": (1, 2), "background": "exponential", "fit_window": (1, 3)}, "overlaps"),
        ("peak_energy", {"window": (-1, 2), "background": "power_law", "fit_window": (3, 4)}, "no value"),
        ("peak_energy", {"window": (1, 2), "alignment": "edge"}, "needs reference"),
        ("peak_energy", {"window": (1, 2), "alignment": "channel", "reference": 3}, "needs channel"),
        ("peak_energy", {"window": (1, 2), "gain": 0}, "gain 0 counts per electron"),
        ("peak_energy", {"window": (1, 2), "gain": [1]}, "gain = .1. is no number"),
        ("peak_energy", {"window": (1, 2), "smoothing": "x"}, "smoothing = 'x' is no number"),
        ("peak_energy", {"window": (1, 2), "background": 3}, "background = 3 is no word"),
        ("peak_energy", {"window": (1, 2), "normalisation": None}, "normalisation = None is no word"),
        ("peak_energy", {"window": (1, 2), "gain": None}, "gain = None is no number"),
        ("peak_energy", {"window": (1, 2), "channel": 1.5}, "channel = 1.5 is no whole number"),
        ("peak_energy", {"window": (1, 2), "reference": float("nan")}, "reference = nan is no number"),
        ("peak_energy", {"window": "12"}, "window = '12' is no window"),
        ("peak_energy", {"window": None}, "window = None is no window"),
        (["peak_energy"], {"window": (1, 2)}, "kind .'peak_energy'. is unknown"),
    ],
)
def test_impossible_parameters_are_one_line(kind: str, parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        make_scalariser(kind, **parameters)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("parameters", "energy", "message"),
    [
        ({"window": (40, 50)}, ENERGY, "window .40, 50. eV is off the energy axis"),
        ({"window": (10, 10.01)}, ENERGY, "narrower than a channel"),
        (
            {"window": (10, 20), "background": "exponential", "fit_window": (-9, -2)},
            ENERGY,
            "fit_window .* is off",
        ),
        ({"window": (450, 460), "alignment": "zero_loss"}, CORE, "zero-loss peak is off"),
        (
            {"window": (450, 460), "background": "zero_loss_tail", "fit_window": (400, 440)},
            CORE,
            "zero-loss peak is off",
        ),
        ({"window": (450, 460), "normalisation": "zero_loss"}, CORE, "normalisation_window .* is off"),
        (
            {"window": (450, 460), "alignment": "edge", "search": (280, 290), "reference": 284.0},
            CORE,
            "search .* is off",
        ),
        (
            {"window": (10, 20), "alignment": "channel", "channel": 999, "reference": 0.0},
            ENERGY,
            "channel 999",
        ),
        (
            {"window": (10, 20), "alignment": "channel", "channel": 0, "reference": 30.0},
            ENERGY,
            "window .* is off",
        ),
        (
            {"window": (30, 48), "alignment": "edge", "search": (14, 16), "reference": 12.0},
            ENERGY,
            "window .* is off",
        ),
        ({"window": (10, 20)}, ENERGY[::-1], "not uniform and ascending"),
        ({"window": (10, 20)}, np.r_[ENERGY, 60.0], "not uniform and ascending"),
    ],
)
def test_axis_without_the_window_or_the_reference_is_refused(
    parameters: dict, energy: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as error:
        make_scalariser("integrated_intensity", **parameters).check_axis(energy)
    assert "\n" not in str(error.value)


def test_an_axis_that_fits_is_accepted() -> None:
    make_scalariser(
        "integrated_intensity",
        window=(10, 20),
        background="zero_loss_tail",
        fit_window=(5, 9),
        alignment="zero_loss",
        normalisation="zero_loss",
    ).check_axis(ENERGY)


def test_parameters_survive_json() -> None:
    scalariser = make_scalariser(
        "window_ratio",
        window=[10, 12],
        reference_window=[14, 16],
        background="exponential",
        fit_window=[5, 9],
        alignment="zero_loss",
        gain=4,
    )
    parameters = json.loads(json.dumps(scalariser.parameters()))
    assert parameters["kind"] == "window_ratio"
    assert parameters["alignment"] == "zero_loss"
    assert make_scalariser(**parameters) == scalariser


def test_saturation_matters_where_the_spectrum_is_used() -> None:
    plain = make_scalariser("integrated_intensity", window=(10, 20), saturation=5000)
    assert plain(SPECTRUM, ENERGY).flags == Flags.NONE
    for extra in ({"alignment": "zero_loss"}, {"normalisation": "zero_loss"}):
        touched = make_scalariser("integrated_intensity", window=(10, 20), saturation=5000, **extra)
        assert touched(SPECTRUM, ENERGY).flags == Flags.SATURATED


def test_too_few_electrons_are_flagged() -> None:
    few = np.where((ENERGY > 14) & (ENERGY < 15.05), 1.0, 0.0)
    scalariser = make_scalariser("integrated_intensity", window=(10, 20))
    assert scalariser(few, ENERGY).flags == Flags.NONE
    assert make_scalariser("integrated_intensity", window=(10, 20), gain=2)(few, ENERGY).flags == (
        Flags.TOO_FEW_COUNTS
    )


def test_a_failed_fit_gives_nan_and_a_flag() -> None:
    scalariser = make_scalariser(
        "integrated_intensity", window=(10, 20), background="exponential", fit_window=(5, 9)
    )
    result = scalariser(np.zeros(ENERGY.size), ENERGY)
    assert result.flags == Flags.FIT_FAILED
    assert np.isnan([result.value, result.sigma]).all()


def test_a_spectrum_shifted_off_its_window_fails() -> None:
    scalariser = make_scalariser("integrated_intensity", window=(35, 44.9), alignment="zero_loss")
    scalariser.check_axis(ENERGY)
    assert scalariser(np.roll(SPECTRUM, 20), ENERGY).flags == Flags.FIT_FAILED


@pytest.mark.parametrize(
    ("spectrum", "message"),
    [
        (np.zeros(3), "shape .3,. does not fit"),
        (np.where(np.arange(ENERGY.size) == 7, np.nan, 1.0), "not finite at channel 7"),
    ],
)
def test_a_spectrum_that_is_none_is_refused(spectrum: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_scalariser("integrated_intensity", window=(10, 20))(spectrum, ENERGY)


def test_whole_numbers_of_any_type_give_the_same() -> None:
    scalariser = make_scalariser(
        "integrated_intensity", window=(10, 20), background="exponential", fit_window=(5, 9)
    )
    counts = np.random.default_rng(0).poisson(SPECTRUM)
    expected: ScalarResult = scalariser(counts.astype(np.float64), ENERGY)
    for dtype in (np.uint16, np.int32, np.float32):
        assert scalariser(counts.astype(dtype), ENERGY) == expected
