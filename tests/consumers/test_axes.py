from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stemline.consumers.axes import as_measured, axis, dims


def stream(key: str, shape: list[int], dims: list[str] | None = None, **configuration: Any) -> dict[str, Any]:
    device = key.split("_")[0]
    about: dict[str, Any] = {"object_name": device, "shape": shape}
    return {
        "data_keys": {key: about if dims is None else {**about, "dims": dims}},
        "configuration": {
            device: {
                "data": configuration,
                "data_keys": {
                    name: {"units": "eV" if "energy" in name else "mrad"} for name in configuration
                },
            }
        },
    }


def test_energies_come_from_offset_and_dispersion() -> None:
    about = stream("eels_spectrum", [4], eels_energy_offset=-5.0, eels_energy_dispersion=0.5)
    energy = axis({}, about, "eels_spectrum", "energy", 4)
    assert energy is not None
    assert energy.values.tolist() == [-5.0, -4.5, -4.0, -3.5]
    assert energy.unit == "eV"


def test_the_same_rule_gives_angles_of_diffraction() -> None:
    about = stream("pad_image", [3, 3], pad_kx_offset=-2.0, pad_kx_dispersion=2.0)
    angles = axis({}, about, "pad_image", "kx", 3)
    assert angles is not None
    assert (angles.values.tolist(), angles.unit) == ([-2.0, 0.0, 2.0], "mrad")


def test_pixels_lie_around_the_centre_of_the_field_of_view() -> None:
    about = stream("haadf_image", [2, 4], haadf_pixel_size=10.0)
    x = axis({"survey": {"field_of_view": 7.0}}, about, "haadf_image", "x", 4)
    y = axis({}, about, "haadf_image", "y", 2)
    assert x is not None
    assert y is not None
    assert x.values.tolist() == [-15.0, -5.0, 5.0, 15.0]
    assert y.values.tolist() == [-5.0, 5.0]


def test_a_map_without_detector_spans_the_survey() -> None:
    about = stream("prediction_mean", [6, 8])
    start = {"survey": {"field_of_view": 80.0}}
    y = axis(start, about, "prediction_mean", "y", 6)
    assert y is not None
    assert np.allclose(y.values, [-25, -15, -5, 5, 15, 25])


@pytest.mark.parametrize("name", ["y", "energy", "anything"])
def test_nothing_is_made_up(name: str) -> None:
    assert axis({}, stream("haadf_image", [2, 2]), "haadf_image", name, 2) is None


def test_names_of_axes() -> None:
    assert dims(stream("a_b", [2, 3], ["y", "x"]), "a_b", 3) == ("time", "y", "x")
    assert dims(stream("a_b", [2, 2]), "a_b", 3) == ("time", "a_b_1", "a_b_2")
    assert dims(stream("a_b", [], []), "a_b", 1) == ("time",)


def test_what_was_set_during_the_events_counts() -> None:
    about = stream("haadf_image", [2, 2], haadf_pixel_size=10.0, haadf_scan_mode="Frame")
    events = {"haadf_pixel_size": np.array([4.0, 4.0]), "haadf_scan_mode": np.array(["Frame"] * 2, object)}
    x = axis({}, as_measured(about, events), "haadf_image", "x", 2)
    assert x is not None
    assert x.values.tolist() == [-2.0, 2.0]


def test_no_coordinates_hold_for_frames_of_different_magnification() -> None:
    about = stream("haadf_image", [2, 2], haadf_pixel_size=10.0)
    changed = as_measured(about, {"haadf_pixel_size": np.array([4.0, 5.0])})
    assert axis({"survey": {"field_of_view": 9.0}}, changed, "haadf_image", "x", 2) is None


def test_before_the_first_event_the_configuration_counts() -> None:
    about = stream("haadf_image", [2, 2], haadf_pixel_size=10.0)
    assert as_measured(about, {}) == about
