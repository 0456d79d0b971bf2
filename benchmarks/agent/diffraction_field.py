"""A diode under the simulated microscope as arrays: survey, candidates, true field, measurements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates, candidates
from stemline.analysis.scalarise import PatternScalariser
from stemline.config import load
from stemline.devices.instruments.simulated.config import SimulatedConfig
from stemline.twin.diffraction import Diffraction, diffraction
from stemline.twin.noise import counts, electrons
from stemline.twin.truth import ground

EXAMPLE = Path(__file__).parents[2] / "examples" / "diffraction.yml"
PER_PATTERN = 1e4  # electrons that a pattern holds in the middle of the field, about


@dataclass(frozen=True, eq=False)
class DiffractionField:
    """One diode under the microscope of ``examples/diffraction.yml``.

    Attributes
    ----------
    survey
        HAADF image with counting noise ``(ny, nx)``; every pixel is a candidate.
    candidates
        As the session makes them.
    model
        What the detector sees without noise.
    beam
        Electrons of the beam in one exposure.
    scalarise
        That of the example.
    truth
        Magnitude of the field averaged over the probe ``(n,)``, in the scalariser's unit.
    """

    survey: NDArray[np.uint32]
    candidates: Candidates
    model: Diffraction
    beam: float
    scalarise: PatternScalariser
    truth: NDArray[np.float64]

    @property
    def index_at(self) -> dict[tuple[float, float], int]:
        """Index of each candidate by its position (y, x) [nm]."""
        return {(y, x): index for index, (y, x) in enumerate(self.candidates.positions.tolist())}

    def measure(self, index: int, rng: np.random.Generator) -> tuple[float, float]:
        """Value and standard deviation of the scalar of one pattern with counting noise."""
        y, x = self.candidates.positions[index]
        expected = self.model.patterns(np.array([y]), np.array([x]))[0] * self.beam
        result = self.scalarise(counts(expected, rng), *self.model.projection.angles())
        return result.value, result.sigma


def diffraction_field(seed: int) -> DiffractionField:
    """Grow the diode of this seed and look at it."""
    config = load(EXAMPLE)
    (driver,) = config.ioc.instrument.drivers
    assert isinstance(driver, SimulatedConfig)
    assert driver.diode is not None
    scalarise = config.experiment.make_scalariser()
    assert isinstance(scalarise, PatternScalariser)
    specimen = driver.diode.model_copy(update={"seed": seed}).grow()
    seen = driver.truth().optics
    below = ground(specimen)
    model = diffraction(below, seen, driver.pixel_array.projection)
    ny, nx = driver.shape
    pixel = driver.field_of_view / nx
    y, x = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * pixel for n in (ny, nx)), indexing="ij")
    eels = driver.truth()
    haadf = below.under(seen, eels.model.axis, driver.energy_resolution).haadf(y, x)
    in_pixel = electrons(driver.beam_current, config.experiment.survey.dwell_time or driver.dwell_time)
    survey = counts(haadf * in_pixel, np.random.default_rng(seed))
    # The field from the deflection, as the scalariser has it, of a pattern without noise or tail.
    volts = scalarise.measure.volts_per_mrad  # type: ignore[attr-defined]
    truth = volts * np.hypot(*np.moveaxis(model.centre(y, x), -1, 0)).ravel()
    beam = electrons(driver.beam_current, config.experiment.dwell_time)
    return DiffractionField(survey, candidates(survey, pixel), model, beam, scalarise, truth)
