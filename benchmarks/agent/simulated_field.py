"""The simulated microscope's default field as arrays: survey, candidates, truth, and measurements of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates, candidates
from stemline.analysis.scalarise import Scalariser
from stemline.config import ExperimentConfig
from stemline.devices.instruments.simulated.config import SimulatedConfig, SpecimenConfig
from stemline.twin.eels import EnergyAxis
from stemline.twin.noise import counts, electrons


class Field(Protocol):
    """What the choice of positions is judged on."""

    @property
    def survey(self) -> NDArray[np.uint32]:
        """HAADF image ``(ny, nx)``; every pixel is a candidate."""
        ...

    @property
    def candidates(self) -> Candidates:
        """As the session makes them."""
        ...

    @property
    def truth(self) -> NDArray[np.float64]:
        """The scalar without noise ``(n,)``."""
        ...

    @property
    def index_at(self) -> dict[tuple[float, float], int]:
        """Index of each candidate by its position (y, x) [nm]."""
        ...

    def measure(self, index: int, rng: np.random.Generator) -> tuple[float, float]:
        """Value and standard deviation of the scalar of one measurement with noise."""
        ...


@dataclass(frozen=True, eq=False)
class SimulatedField:
    """One specimen under the microscope, everything else as configured by default.

    Attributes
    ----------
    survey
        HAADF image with counting noise ``(ny, nx)``; every pixel is a candidate.
    candidates
        As the session makes them.
    expected
        Counts without noise at every candidate ``(n, energy)``.
    energy
        ``(energy,)`` [eV].
    scalarise
        The session's default.
    truth
        The scalar of `expected`, ``(n,)``.
    """

    survey: NDArray[np.uint32]
    candidates: Candidates
    expected: NDArray[np.float64]
    energy: NDArray[np.float64]
    scalarise: Scalariser
    truth: NDArray[np.float64]

    @property
    def index_at(self) -> dict[tuple[float, float], int]:
        """Index of each candidate by its position (y, x) [nm]."""
        return {(y, x): index for index, (y, x) in enumerate(self.candidates.positions.tolist())}

    def measure(self, index: int, rng: np.random.Generator) -> tuple[float, float]:
        """Value and standard deviation of the scalar of one spectrum with counting noise."""
        result = self.scalarise(counts(self.expected[index], rng), self.energy)
        return result.value, result.sigma


def simulated_field(specimen: int, patch_size: int | None = None) -> SimulatedField:
    """Grow the specimen of this seed and look at it; `patch_size` [px] overrides the session's."""
    microscope = SimulatedConfig(specimen=SpecimenConfig(seed=specimen))
    experiment = ExperimentConfig()
    ny, nx = microscope.shape
    pixel = microscope.field_of_view / nx
    y, x = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * pixel for n in (ny, nx)), indexing="ij")
    truth = microscope.truth()
    in_pixel = electrons(microscope.beam_current, microscope.dwell_time)
    survey = counts(truth.haadf(y, x) * in_pixel, np.random.default_rng(specimen))
    in_spectrum = electrons(microscope.beam_current, experiment.dwell_time) * microscope.efficiency
    expected = np.asarray(truth.spectra(y.ravel(), x.ravel()) * in_spectrum, dtype=np.float64)
    energy = EnergyAxis(microscope.energy_offset, microscope.dispersion, microscope.channels).values()
    scalarise = experiment.make_scalariser()
    assert isinstance(scalarise, Scalariser)
    return SimulatedField(
        survey,
        candidates(survey, pixel, patch_size=patch_size or experiment.patch_size),
        expected,
        energy,
        scalarise,
        np.array([scalarise(spectrum, energy).value for spectrum in expected]),
    )
