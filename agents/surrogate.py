"""The model of an agent, in the unit of the scalar: fit now and then, condition at every point, predict."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .calibration import inflation
from .evidence import Hyper, most_probable
from .feature_map import FeatureMap
from .hyper_uncertainty import mean_slack
from .kernels import MEMORY, Kernels, foreseen
from .leave_one_out import left_out
from .matern import Array
from .measurements import Measurements
from .outliers import WILD, disbelief, wildest
from .process import Process
from .sites import Sites
from .standardised import Scale

FIRST_ITERATIONS, ITERATIONS = 100, 10  # of L-BFGS: from scratch, and from the last hyper-parameters
FEWEST_TRUSTED = 0.9  # of the points: where more are wild, it is the model


@dataclass(frozen=True)
class Fit:
    """All that a fit found, by which it can be had again without searching.

    Attributes
    ----------
    kernel
        Of `Kernels`.
    evidence
        For each kernel: log density of what it had not seen.
    hyper
        Hyper-parameters of each kernel that was tried.
    scale
        Offset and unit.
    inflation
        Of the standard deviations.
    extra_noise
        Variance added to each point, standardised: 0 but for outliers, ``(m,)``.
    """

    kernel: str
    evidence: dict[str, float]
    hyper: dict[str, list[float]]
    scale: tuple[float, float]
    inflation: float
    extra_noise: list[float]


class Surrogate:
    """A Gaussian process over the candidates, on the better of two kernels.

    `fit` searches for hyper-parameters, calibrates and factorises; `condition` only takes measurements in,
    at the cost of a kernel column each.

    Parameters
    ----------
    sites
        Of the candidates, features standardised.
    kernel
        See `Options`.
    seed
        Of what is random in the deep kernel.
    """

    def __init__(self, sites: Sites, kernel: str, seed: int) -> None:
        self._sites = sites
        self._kernels = Kernels(sites.looks.shape[1], kernel, seed)
        self._hyper: dict[str, Hyper] = {}
        self._since = Measurements.of_lists([[], [], []])
        self.fitted: Fit | None = None

    @property
    def kernel(self) -> str | None:
        """Name of the kernel in use; None before the first fit."""
        return None if self.fitted is None else self.fitted.kernel

    @property
    def outliers(self) -> NDArray[np.intp]:
        """Candidates whose measurement is believed less than its counts ask for."""
        if self.fitted is None:
            return np.empty(0, dtype=np.intp)
        return self._base.indices[np.array(self.fitted.extra_noise) > 0]

    def fit(self, measured: Measurements) -> None:
        """Learn from all of `measured`, from where the last fit ended.

        Raises
        ------
        numpy.linalg.LinAlgError
            If that can't be done; the model is as before.
        """
        maps = self._kernels.worth_fitting(len(measured))
        evidence = self._weigh(maps, measured)
        kernel = self._kernels.choose(evidence)
        hyper = {name: self._search(name, measured, self._hyper.get(name)) for name in maps}
        kept = np.arange(len(measured))
        trusted = self._among(kernel, hyper[kernel], measured, kept)
        while (worst := wildest(trusted)) is not None and len(kept) > FEWEST_TRUSTED * len(measured):
            kept = np.delete(kept, worst)
            hyper[kernel] = self._search(kernel, measured.of(kept), hyper[kernel])
            trusted = self._among(kernel, hyper[kernel], measured, kept)
        scale = Scale.of(measured.values[kept])
        known = scale.standardise(measured.values, measured.sigmas)
        expected = trusted.variance + known.noise + trusted.floor
        extra = disbelief(known.values - trusted.mean, expected)
        extra[kept] = 0.0
        places = hyper[kernel].places(self._kernels.maps[kernel], self._sites)
        process = Process(places, hyper[kernel], measured.indices, known.values, known.noise + extra)
        wider = inflation(left_out(process.factor, process.values).scores)
        self._hyper |= hyper
        self._take(process, measured, scale)
        vectors = {name: found.vector.tolist() for name, found in self._hyper.items()}
        self.fitted = Fit(kernel, evidence, vectors, (scale.offset, scale.unit), wider, extra.tolist())

    def refitted(self, measured: Measurements) -> Self:
        """Return what `fit` would make of this model, which stays as it is and may be used meanwhile.

        Raises
        ------
        numpy.linalg.LinAlgError
            As `fit`.
        """
        other = copy.copy(self)
        other._hyper = dict(self._hyper)
        other.fit(measured)
        return other

    def condition(self, new: Measurements) -> bool:
        """Take in what came since the fit; return whether one was so far off that a fit is due."""
        wild = False
        for index, value, sigma in zip(new.indices, new.values, new.sigmas, strict=True):
            known = self._scale.standardise(np.array([value]), np.array([sigma]))
            expected = np.sqrt(self._process.variance[index] + known.noise[0] + self._process.floor)
            wild |= bool(abs(known.values[0] - self._process.mean[index]) > WILD * expected)
            self._process.append(int(index), float(known.values[0]), float(known.noise[0]))
        self._since = self._since.and_these(new)
        return wild

    @property
    def mean(self) -> Array:
        """Predicted noiseless scalar at every candidate, ``(n,)``."""
        return self._scale.offset + self._scale.unit * self._process.mean

    def sigma(self, underway: Sequence[int] = ()) -> Array:
        """Calibrated standard deviation of it, ``(n,)``, if candidates `underway` were measured too."""
        assert self.fitted is not None
        variance = np.maximum(self._process.believe(list(underway)), 0.0) + self._process.floor
        return np.asarray(self._scale.unit * self.fitted.inflation * np.sqrt(variance))

    @property
    def noise_floor(self) -> float:
        """Standard deviation of a measurement beyond what its counts explain, in the unit of the scalar."""
        return float(self._scale.unit * np.sqrt(self._process.floor))

    @property
    def process(self) -> Process:
        """The process, on its standardised scale."""
        return self._process

    def in_unit(self, standardised: Array) -> Array:
        """Return values of the process in the unit of the scalar."""
        return self._scale.offset + self._scale.unit * standardised

    def state(self) -> dict[str, Any]:
        """Return all of it but the features, fit for JSON; {} before the first fit."""
        if self.fitted is None:
            return {}
        return {"fit": asdict(self.fitted), "base": self._base.lists, "since": self._since.lists}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Be again, to the bit, what had this `state`: by the same operations in the same order."""
        if not state:
            return
        fitted = Fit(**{**state["fit"], "scale": tuple(state["fit"]["scale"])})
        base, since = (Measurements.of_lists(state[name]) for name in ("base", "since"))
        self._hyper = {name: Hyper(np.array(vector)) for name, vector in fitted.hyper.items()}
        scale = Scale(*fitted.scale)
        known = scale.standardise(base.values, base.sigmas)
        best, feature_map = self._hyper[fitted.kernel], self._kernels.maps[fitted.kernel]
        places = best.places(feature_map, self._sites)
        noise = known.noise + np.array(fitted.extra_noise)
        self._take(Process(places, best, base.indices, known.values, noise), base, scale)
        self.fitted = fitted
        self.condition(since)

    def _search(self, name: str, measured: Measurements, before: Hyper | None) -> Hyper:
        """Find the hyper-parameters of a kernel, from those of the last fit if there was one."""
        known = Scale.of(measured.values).standardise(measured.values, measured.sigmas)
        return most_probable(
            before or Hyper.start(self._kernels.maps[name]),
            self._kernels.maps[name],
            self._sites[measured.indices],
            known.values,
            known.noise,
            ITERATIONS if before else FIRST_ITERATIONS,
        )

    def _among(self, name: str, hyper: Hyper, measured: Measurements, kept: NDArray[np.intp]) -> Process:
        """Process over the measured points alone, that has seen those `kept`."""
        places = hyper.places(self._kernels.maps[name], self._sites[measured.indices])
        seen = measured.of(kept)
        known = Scale.of(seen.values).standardise(seen.values, seen.sigmas)
        return Process(places, hyper, kept, known.values, known.noise)

    def _weigh(self, maps: Mapping[str, FeatureMap], measured: Measurements) -> dict[str, float]:
        """Add to the evidence what came since the last fit, on the scale and hyper-parameters of that."""
        evidence = {} if self.fitted is None else dict(self.fitted.evidence)
        if self.fitted is None or len(maps) < 2 or not maps.keys() <= self._hyper.keys():
            return evidence
        new = ~np.isin(measured.indices, self._base.indices)
        order = np.concatenate([np.flatnonzero(~new), np.flatnonzero(new)])
        known = self._scale.standardise(measured.values[order], measured.sigmas[order])
        sites = self._sites[measured.indices[order]]
        seen = len(order) - int(new.sum())
        for name in maps:
            said = foreseen(maps[name], self._hyper[name], sites, known, seen)
            evidence[name] = MEMORY * evidence.get(name, 0.0) + said
        return evidence

    def _take(self, process: Process, base: Measurements, scale: Scale) -> None:
        process.loosen(mean_slack(process))
        self._process, self._base, self._scale = process, base, scale
        self._since = Measurements.of_lists([[], [], []])
