"""Runs as xarray data sets, read from a served catalog."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stemline.consumers.open_run import open_run
from stemline.consumers.wait_for_run import wait_for_run

pytestmark = pytest.mark.system


def test_spectra_have_their_energies_and_what_was_measured_with_them(served: Any) -> None:
    data = open_run(wait_for_run(served.runs, served.uid))
    assert np.array_equal(data["eels_spectrum"], served.spectra)
    assert np.array_equal(data["energy"], -5.0 + 0.5 * np.arange(64))
    assert (data["energy"].units, data["eels_spectrum"].units) == ("eV", "counts")
    assert np.array_equal(data["scanner_y"], served.positions[:, 0])
    assert np.isnan(data["scalar_value"][1])
    peak = data["eels_spectrum"].sel(energy=slice(0.0, 10.0))
    assert peak.shape == (len(served.positions), 21)
    assert (data.attrs["sample"], data.attrs["status"]) == ("gold", "success")


def test_survey_has_its_positions(served: Any) -> None:
    data = open_run(served.runs[served.uid], "survey")
    assert np.array_equal(data["haadf_image"][0], served.image)
    assert data["x"].values[[0, -1]].tolist() == [-38.75, 38.75]
    assert data["y"].values[[0, -1]].tolist() == [-28.75, 28.75]


def test_a_run_that_goes_on_is_read_as_far_as_it_is(served: Any) -> None:
    data = open_run(served.runs[served.open_uid], keys=["eels_spectrum"])
    assert data["eels_spectrum"].shape == served.spectra.shape
    assert data.attrs["status"] == "running"
    with pytest.raises(TimeoutError, match="no stop document"):
        wait_for_run(served.runs, served.open_uid, timeout=0.0)
