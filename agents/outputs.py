"""Several scalars at once: Gaussian processes on one embedding, each with its own variance and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

from .calibration import inflation
from .draws import path
from .evidence import CENTRES, FARTHEST, OWN, Hyper, negative_log_posterior
from .feature_map import FeatureMap, Relevance
from .hyper_uncertainty import mean_slack
from .leave_one_out import left_out
from .matern import Array
from .measurements import Measurements
from .process import Process
from .sites import Sites
from .standardised import Scale, Standardised

FIRST_ITERATIONS, ITERATIONS = 100, 10  # of L-BFGS: from scratch, and from the last hyper-parameters


class Outputs:
    """k scalars over the same candidates, as `Surrogate` is one.

    The outputs share what the features mean (the parameters of the feature map, which all of them choose
    together) and are independent given that. A coregionalisation matrix would tell more only where outputs
    are missing or noisy: with all of them measured at the same places and no noise it drops out of the
    prediction (E. V. Bonilla, K. M. A. Chai, C. K. I. Williams, NIPS 2007, sec. 2.3).

    Parameters
    ----------
    sites
        Of the candidates, features standardised.
    feature_map
        By default `Relevance`.
    """

    def __init__(self, sites: Sites, feature_map: FeatureMap | None = None) -> None:
        self._sites = sites
        self._map = feature_map or Relevance(sites.looks.shape[1])
        self._vector: Array | None = None  # all hyper-parameters of the last fit, as `_joint` has them
        self._inflation: list[float] = []
        self._scales: list[Scale] = []
        self._processes: list[Process] = []

    def fit(self, measured: Measurements) -> None:
        """Learn from all of `measured`, values and sigmas ``(m, k)``, from where the last fit ended.

        Raises
        ------
        numpy.linalg.LinAlgError
            If that can't be done; the model is as before.
        """
        scales = [Scale.of(values) for values in measured.values.T]
        known = _known(scales, measured)
        before = self._vector
        if before is None or len(before) != OWN * len(scales) + self._map.size:
            before, iterations = self._start(len(scales)), FIRST_ITERATIONS
        else:
            iterations = ITERATIONS
        found = minimize(
            self._joint,
            before,
            (self._sites[measured.indices], known),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-FARTHEST, FARTHEST)] * len(before),
            options={"maxiter": iterations, "maxcor": 20},
        )
        self._take(np.asarray(found.x, dtype=np.float64), scales, measured)

    def condition(self, new: Measurements) -> None:
        """Take in what came since the fit, at the cost of a kernel column for each output."""
        for process, one in zip(self._processes, _known(self._scales, new), strict=True):
            for index, value, noise in zip(new.indices, one.values, one.noise, strict=True):
                process.append(int(index), float(value), float(noise))
        self._since.append(new)

    @property
    def mean(self) -> Array:
        """Predicted noiseless outputs at every candidate, ``(n, k)``."""
        return self._in_unit(np.stack([process.mean for process in self._processes], axis=1))

    def sigma(self, underway: Sequence[int] = ()) -> Array:
        """Calibrated standard deviations of them, ``(n, k)``, if candidates `underway` were measured too."""
        each = [
            scale.unit * wider * np.sqrt(np.maximum(process.believe(list(underway)), 0.0) + process.floor)
            for process, scale, wider in zip(self._processes, self._scales, self._inflation, strict=True)
        ]
        return np.stack(each, axis=1)

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw what all outputs may be at every candidate, ``(n, k)``, without a joint covariance."""
        return self._in_unit(np.stack([path(process, rng) for process in self._processes], axis=1))

    def state(self) -> dict[str, Any]:
        """Return all of it but the features, fit for JSON; {} before the first fit."""
        if self._vector is None:
            return {}
        return {
            "vector": self._vector.tolist(),
            "base": self._base.lists,
            "since": [new.lists for new in self._since],
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Be again, to the bit, what had this `state`: by the same operations in the same order."""
        if not state:
            return
        base = Measurements.of_lists(state["base"])
        self._take(np.array(state["vector"]), [Scale.of(values) for values in base.values.T], base)
        for lists in state["since"]:
            self.condition(Measurements.of_lists(lists))

    def _start(self, outputs: int) -> Array:
        return np.concatenate([np.tile(CENTRES, outputs), self._map.start()])

    def _joint(self, vector: Array, sites: Sites, known: Sequence[Standardised]) -> tuple[float, Array]:
        """Negative log posterior of all outputs, and its gradient by ``(own of each, shared)``.

        The prior of what is shared counts once.
        """
        shared = vector[OWN * len(known) :]
        penalty, pull = self._map.penalty(shared)
        value, gradient = (1 - len(known)) * penalty, np.zeros_like(vector)
        gradient[OWN * len(known) :] = (1 - len(known)) * pull
        for j, one in enumerate(known):
            own = slice(OWN * j, OWN * (j + 1))
            part, by = negative_log_posterior(
                np.concatenate([vector[own], shared]), self._map, sites, one.values, one.noise
            )
            value += part
            gradient[own] += by[:OWN]
            gradient[OWN * len(known) :] += by[OWN:]
        return value, gradient

    def _take(self, vector: Array, scales: list[Scale], measured: Measurements) -> None:
        shared = vector[OWN * len(scales) :]
        processes, wider = [], []
        for j, one in enumerate(_known(scales, measured)):
            hyper = Hyper(np.concatenate([vector[OWN * j : OWN * (j + 1)], shared]))
            process = Process(
                hyper.places(self._map, self._sites), hyper, measured.indices, one.values, one.noise
            )
            wider.append(inflation(left_out(process.factor, process.values).scores))
            process.loosen(mean_slack(process))
            processes.append(process)
        self._vector, self._scales, self._base = vector, scales, measured
        self._since: list[Measurements] = []
        self._processes, self._inflation = processes, wider

    def _in_unit(self, standardised: Array) -> Array:
        offset, unit = np.array([(scale.offset, scale.unit) for scale in self._scales]).T
        return np.asarray(offset + unit * standardised)


def _known(scales: Sequence[Scale], measured: Measurements) -> list[Standardised]:
    return [
        scale.standardise(values, sigmas)
        for scale, values, sigmas in zip(scales, measured.values.T, measured.sigmas.T, strict=True)
    ]
