"""A spectroscopy run, as much of it as is in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiled.client.container import Container

from .run_stream import Events, data_keys, read_array, read_events

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Survey:
    """The overview image and where it is.

    Attributes
    ----------
    image
        HAADF ``(ny, nx)`` [counts].
    field_of_view
        Extent along x [nm]; pixels are square.
    """

    image: NDArray[np.generic]
    field_of_view: float

    @property
    def size(self) -> tuple[float, float]:
        """Extent along y and x [nm]."""
        ny, nx = self.image.shape
        return self.field_of_view * ny / nx, self.field_of_view


@dataclass(frozen=True, eq=False)
class Points:
    """What was measured, in order; arrays ``(n,)``.

    Attributes
    ----------
    y, x
        Where, from the centre of the field of view [nm].
    value, sigma
        The scalar and its standard deviation [its unit].
    flags
        Why a value is not to be trusted, as bits; 0 when it is.
    electrons
        On the specimen since the run began.
    time
        When [s since the epoch].
    """

    y: Floats
    x: Floats
    value: Floats
    sigma: Floats
    flags: NDArray[np.int64]
    electrons: Floats
    time: Floats

    def __len__(self) -> int:
        return len(self.value)

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """Which points have a value that says something."""
        trusted: NDArray[np.bool_] = np.isfinite(self.value) & (self.flags == 0)
        return trusted

    @property
    def best_so_far(self) -> Floats:
        """Largest trusted value after each point; NaN before the first one."""
        return np.fmax.accumulate(np.where(self.trusted, self.value, np.nan))

    @property
    def best(self) -> int | None:
        """Index of the largest trusted value; None without one."""
        if not self.trusted.any():
            return None
        return int(np.argmax(np.where(self.trusted, self.value, -np.inf)))


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model expects at every candidate: maps ``(ny, nx)`` over the field of view [scalar's unit]."""

    mean: Floats
    sigma: Floats


@dataclass(frozen=True, eq=False)
class RunSummary:
    """A run in the catalog.

    Attributes
    ----------
    uid, scan_id, plan_name
        Which run.
    start
        Its start document.
    scalar, unit
        What was measured: the kind of the scalariser and its unit, "" without one.
    survey
        None until it is in the catalog, or if its frame was not written.
    points
        What was measured so far.
    decisions
        What the agent decided: the data keys of stream ``decisions``, ``(n,)`` each.
    prediction
        None until the run is over, and for plans without a model.
    status
        "running", or the stop document's "success", "abort" or "fail".
    reason
        Why it ended; "" while it goes on.
    """

    uid: str
    scan_id: int
    plan_name: str
    start: Mapping[str, Any]
    scalar: str
    unit: str
    survey: Survey | None
    points: Points
    decisions: Events
    prediction: Prediction | None
    status: str
    reason: str

    @property
    def num_planned(self) -> int | None:
        """The measurement budget."""
        return self.start.get("num_points")

    @property
    def electrons(self) -> float:
        """On the specimen in this run, its survey included; NaN where the beam current is not known."""
        return float(self.points.electrons[-1]) if len(self.points) else 0.0

    @property
    def mean_dose(self) -> float | None:
        """The run's electrons spread over the field of view [e-/Å²]; None if that is not known."""
        if self.survey is None or np.isnan(self.electrons):
            return None
        height, width = self.survey.size
        return self.electrons / (100.0 * height * width)  # 1 nm² is 100 Å²

    @property
    def duration(self) -> float:
        """From the start document to the last point [s]."""
        return float(self.points.time[-1] - self.start["time"]) if len(self.points) else 0.0


def read_run_summary(run: Container) -> RunSummary:
    """Read a run of a spectroscopy plan, finished or going on.

    Parameters
    ----------
    run
        Of the catalog: ``runs[uid]``.
    """
    run.refresh()
    start, stop = run.metadata["start"], run.metadata.get("stop")
    decisions = read_events(run, "decisions")
    return RunSummary(
        uid=start["uid"],
        scan_id=int(start.get("scan_id", 0)),
        plan_name=str(start.get("plan_name", "")),
        start=start,
        scalar=str(start.get("scalariser", {}).get("kind", "scalar")),
        unit=str(data_keys(run, "primary").get("scalar_value", {}).get("units") or ""),
        survey=_survey(run, start),
        points=_points(run, _electrons_before(start)),
        decisions=decisions,
        prediction=_prediction(run),
        status=stop["exit_status"] if stop else "running",
        reason=_reason(decisions, stop),
    )


def _survey(run: Container, start: Mapping[str, Any]) -> Survey | None:
    image = read_array(run, "survey", "haadf_image")
    events = read_events(run, "survey")
    if image is None or not events:
        return None
    # Measured rather than asked for, where it was read.
    width = events["scanner_field_of_view"][-1] if "scanner_field_of_view" in events else None
    return Survey(image, float(start["survey"]["field_of_view"] if width is None else width))


def _points(run: Container, electrons_before: float) -> Points:
    events = read_events(run, "primary")

    size = len(events.get("seq_num", ()))

    def column(key: str, missing: float = np.nan) -> Floats:
        return np.asarray(events.get(key, np.full(size, missing)), dtype=np.float64)

    return Points(
        y=column("scanner_y"),
        x=column("scanner_x"),
        value=column("scalar_value"),
        sigma=column("scalar_sigma"),
        flags=column("scalar_flags", 0.0).astype(np.int64),
        electrons=column("beam_electrons") - electrons_before,
        time=column("time"),
    )


def _electrons_before(start: Mapping[str, Any]) -> float:
    """Electrons counted before the run; NaN, so that no dose is claimed, where the current is not known."""
    before = start.get("electrons_before", 0.0)
    return np.nan if before is None else float(before)


def _prediction(run: Container) -> Prediction | None:
    mean = read_array(run, "prediction", "prediction_mean")
    sigma = read_array(run, "prediction", "prediction_sigma")
    if mean is None or sigma is None:
        return None
    return Prediction(mean.astype(np.float64), sigma.astype(np.float64))


def _reason(decisions: Events, stop: Mapping[str, Any] | None) -> str:
    if stop is None:
        return ""
    if stop.get("reason") or not decisions:
        return str(stop.get("reason", ""))
    return str(decisions["decision_reason"][-1])
