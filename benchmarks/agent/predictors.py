"""Who predicts a map from a few points: the agent and its peers, each ``(field, points) -> Predicted``."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.options import Options
from stemline.analysis.featurise import Candidates
from stemline.analysis.patches import cut_patches

Array = NDArray[np.float64]
PATCH = 31  # [px] of what AtomAI gets: the side that the agent's features have


class Field(Protocol):
    """A specimen of `SimulatedField`'s or `CountedField`'s kind."""

    @property
    def survey(self) -> NDArray[Any]:
        """HAADF image, every pixel a candidate."""
        ...

    @property
    def candidates(self) -> Candidates:
        """As a session makes them."""
        ...

    @property
    def truth(self) -> Array:
        """Noiseless scalar, ``(n,)``."""
        ...

    def measure(self, index: int, rng: np.random.Generator) -> tuple[float, float]:
        """Value and standard deviation of one measurement."""
        ...


@dataclass(frozen=True, eq=False)
class Points:
    """What was measured, ``(m,)`` each, and the seed of what is random in a model."""

    indices: NDArray[np.intp]
    values: Array
    sigmas: Array
    seed: int


@dataclass(frozen=True, eq=False)
class Predicted:
    """Noiseless scalar and its standard deviation ``(n,)``; `noise` where the model makes its own of it."""

    mean: Array
    sigma: Array | None = None
    noise: float | None = None
    cpu_s: float | None = None


Predictor = Callable[[Field, Points], Predicted]


def agent(field: Field, points: Points, kernel: str = "auto") -> Predicted:
    """Give an agent the points."""
    where = field.candidates.features, field.candidates.positions
    one = DKLAgent(*where, Options(seed=points.seed, kernel=kernel, num_points=len(points.indices)))
    for k, index in enumerate(points.indices):
        y, x = field.candidates.positions[index].tolist()
        value, sigma = float(points.values[k]), float(points.sigmas[k])
        one.ingest([{"_id": k, "scanner_y": y, "scanner_x": x, "value": value, "sigma": sigma}])
    return Predicted(*one.predict())


def least_squares(field: Field, points: Points) -> Predicted:
    """Fit the 3 x 3 pixels around a candidate linearly."""
    image = np.pad(field.survey.astype(float), 1, mode="symmetric")
    blocks = np.lib.stride_tricks.sliding_window_view(image, (3, 3)).reshape(-1, 9)
    design = np.column_stack([np.ones(len(blocks)), blocks])
    coefficients, *_ = np.linalg.lstsq(design[points.indices], points.values, rcond=None)
    return Predicted(design @ coefficients)


def botorch_xy(field: Field, points: Points) -> Predicted:
    """Fit botorch's SingleTaskGP, as it comes, on the positions."""
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Normalize, Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    where = torch.from_numpy(field.candidates.positions)
    values = torch.from_numpy(points.values)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SingleTaskGP(
            where[points.indices], values, outcome_transform=Standardize(1), input_transform=Normalize(2)
        )
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        with torch.no_grad():
            posterior = model.posterior(where)
            mean, variance = posterior.mean[:, 0].numpy(), posterior.variance[:, 0].numpy()
            noise = float(model.likelihood.noise.mean().sqrt() * values.std())
    return Predicted(mean, np.sqrt(variance), noise)


@contextmanager
def atomai() -> Iterator[Predictor]:
    """Serve AtomAI's dklGPR, trained from scratch on raw patches, from a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.agent.atomai_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    last: list[Field] = []

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    def predict(field: Field, points: Points) -> Predicted:
        if not last or last[0] is not field:
            image = field.survey.astype(float)
            image = (image - image.min()) / np.ptp(image)
            patches = cut_patches(image, 1, PATCH).reshape(image.size, -1).astype(np.float64)
            with tempfile.TemporaryDirectory() as folder:
                np.save(path := Path(folder) / "patches.npy", patches)
                ask({"patches": str(path)})
            last[:] = [field]
        values = points.values.tolist()
        found = ask({"indices": points.indices.tolist(), "values": values, "seed": points.seed})
        mean, sigma = np.array(found["mean"]), np.array(found["sigma"])
        return Predicted(mean, sigma, found["noise"], found["cpu_s"])

    try:
        yield predict
    finally:
        process.kill()
        process.wait()


OURS: dict[str, Predictor] = {
    "agent": agent,
    "agent, fixed": partial(agent, kernel="fixed"),
    "agent, deep": partial(agent, kernel="deep"),
}
PEERS: dict[str, Predictor] = {"botorch GP over (x, y)": botorch_xy, "least squares, 3 x 3": least_squares}
ATOMAI = "AtomAI dklGPR"
NEEDS = {"botorch GP over (x, y)": "botorch", ATOMAI: "atomai"}


def missing(name: str) -> bool:
    """Tell whether what a predictor needs is not installed."""
    return name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None
