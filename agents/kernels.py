"""The kernels an agent has, and which of them has foreseen better."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .evidence import MEAN_VARIANCE, Hyper
from .feature_map import FeatureMap, Relevance
from .sites import Sites, covariance
from .standardised import Standardised

FIXED, DEEP = "fixed", "deep"
DEEP_FROM = 20  # points: with fewer there is nothing to learn an embedding from
ODDS = 3.0  # log odds that a deep kernel needs: 20 to 1
MEMORY = (
    0.8  # of the evidence at each fit, when points have grown by a tenth: what few points said is forgotten
)


class Kernels:
    """Feature maps by name, and the evidence on them.

    The evidence is prequential (A. P. Dawid, J. R. Stat. Soc. A 147, 278 (1984)): the log density of new
    values as predicted with hyper-parameters that had not seen them. The leave-one-out density of the
    Cholesky factor won't do: its hyper-parameters have seen the value left out, so that it favoured the deep
    kernel by .07 to .2 a point on four simulated specimens, where it predicted unseen values no better.

    Parameters
    ----------
    num_features
        d.
    wanted
        "fixed", "deep", or "auto": both, and the better one is used.
    seed
        Of what is random in the deep kernel.
    """

    def __init__(self, num_features: int, wanted: str, seed: int) -> None:
        self._wanted = wanted
        self.maps: dict[str, FeatureMap] = {FIXED: Relevance(num_features)}
        if wanted != FIXED:
            # Here, since it loads torch: some seconds and 200 MB that fixed features can do without.
            from .deep_map import DeepMap

            self.maps[DEEP] = DeepMap(num_features, seed)

    def worth_fitting(self, points: int) -> dict[str, FeatureMap]:
        """Return the maps to fit with so many points."""
        if self._wanted == DEEP:
            return {DEEP: self.maps[DEEP]}
        return self.maps if points >= DEEP_FROM else {FIXED: self.maps[FIXED]}

    def choose(self, evidence: Mapping[str, float]) -> str:
        """Return the kernel to use; `evidence` holds the log density of what each had not seen."""
        if self._wanted != "auto":
            return self._wanted
        lead = evidence[DEEP] - evidence[FIXED] if DEEP in evidence and FIXED in evidence else 0.0
        return DEEP if lead > ODDS else FIXED


def foreseen(feature_map: FeatureMap, hyper: Hyper, sites: Sites, known: Standardised, seen: int) -> float:
    """Return the log density of the values after the first `seen`, each given all before it.

    ``sum -z_i^2 / 2 - log L_ii - log(2 pi) / 2`` over the rows of ``L z = y``, ``C = L L^T``.
    """
    places = hyper.places(feature_map, sites)
    matrix = covariance(places, places, hyper.variances) + MEAN_VARIANCE
    matrix[np.diag_indices(len(matrix))] += known.noise + hyper.floor
    factor = np.linalg.cholesky(matrix)
    scores = np.linalg.solve(factor, known.values)[seen:]
    return float(-0.5 * np.sum(scores**2 + np.log(2 * np.pi)) - np.log(factor.diagonal()[seen:]).sum())
