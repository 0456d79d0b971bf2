"""Points that an optimizer of bluesky-adaptive suggests, measured and reduced as our own plans do it.

bluesky-adaptive knows this by its protocols (`AcquisitionPlan`, `EvaluationFunction`) and is not imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from bluesky.utils import MsgGenerator
from tiled.client.container import Container

from stemline.analysis.scalarise import PatternScalariser, Scalariser
from stemline.consumers.run_stream import read_events
from stemline.devices.records import make_records
from stemline.plans.failures import blank_on_failure, true_reason
from stemline.plans.fixed import Fixed, fix
from stemline.plans.measure_point import declare_points, measure_point
from stemline.plans.measurement import Measure
from stemline.plans.messages import put
from stemline.plans.one_run import one_run
from stemline.plans.patterns import Patterns
from stemline.plans.protocols import Microscope, Scalar
from stemline.plans.spectra import Spectra
from stemline.plans.staged import staged
from stemline.plans.start_document import HINTS, plain

_T = TypeVar("_T")
Outcome = dict[str, Any]
"""What an agent ingests: ``_id``, ``scanner_y``, ``scanner_x`` [nm], ``value`` (NaN: no trust), ``sigma``."""

MOVED = {"scanner_y", "scanner_x"}


class SuggestedPoints:
    """Both ends of an optimisation problem: `acquire` measures what was suggested, `evaluate` says what came.

    Parameters
    ----------
    microscope
        With a scanner, and a spectrometer or a pixel-array detector.
    scalarise
        Reduces a spectrum or a pattern to the number that is optimised.
    """

    def __init__(self, microscope: Microscope, scalarise: Scalariser | PatternScalariser) -> None:
        self._microscope = microscope
        self._measure: Measure = (
            Patterns(scalarise) if isinstance(scalarise, PatternScalariser) else Spectra(scalarise)
        )
        self._records = make_records(units=scalarise.unit, origin=scalarise.measure.kind)
        self._outcomes: dict[Any, Outcome] = {}
        self._fixed: Fixed | None = None  # not until a run has its first point

    def around(self, plan: MsgGenerator[_T]) -> MsgGenerator[_T]:
        """Run a plan that calls `acquire`, in one run: detector staged, beam off if it fails."""
        self._fixed = None
        inner = staged(plan, self._measure.detector(self._microscope))
        return (yield from true_reason(blank_on_failure(inner, self._microscope)))

    def acquire(
        self,
        suggestions: list[dict[str, Any]],
        actuators: Sequence[Any],
        sensors: Sequence[Any] | None = None,
        md: Mapping[str, Any] | None = None,
    ) -> MsgGenerator[tuple[Any, ...]]:
        """Measure in the run that is open (``around(bluesky_adaptive.plans.optimize_in_run(...))``).

        Parameters
        ----------
        suggestions
            Each with ``_id``, ``scanner_y`` and ``scanner_x`` [nm].
        actuators
            ``scanner.y`` and ``scanner.x``.
        sensors, md
            Not used: the detector is read, and the run has its metadata.

        Returns
        -------
        tuple
            The ids, in the order they were measured, for `evaluate`.
        """
        _check(suggestions, actuators)
        microscope = self._microscope
        measurement = yield from self._measure.prepare(microscope)
        if self._fixed is None:
            yield from declare_points(microscope, self._records, measurement.detector)
            scanner = microscope.scanner
            self._fixed = yield from fix(
                scanner.field_of_view, scanner.rotation, measurement.detector.acquire_time
            )
        for point in suggestions:
            position = (float(point["scanner_y"]), float(point["scanner_x"]))
            scalar = yield from measure_point(microscope, self._records, measurement, position, self._fixed)
            self._outcomes[point["_id"]] = _outcome(point["_id"], position, scalar)
        return tuple(point["_id"] for point in suggestions)

    def evaluate(self, uid: tuple[Any, ...], suggestions: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Return what `acquire` found for these suggestions."""
        return [self._outcomes.pop(point["_id"]) for point in suggestions]

    def measure_suggestions(
        self,
        suggestions: list[dict[str, Any]],
        actuators: list[Any],
        sensors: list[Any] | None = None,
        dwell_time: float | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[str]:
        """Measure at each suggested position, in one run: for optimisation through the queue.

        Parameters
        ----------
        suggestions : list
            Each with _id, scanner_y and scanner_x [nm].
        actuators : list
            scanner.y and scanner.x.
        sensors : list
            The detector; it is read in any case.
        dwell_time : float
            Exposure [s]; default: as the detector is set.
        md : dict
            Metadata for the start document.
        """
        _check(suggestions, actuators)
        detector = self._measure.detector(self._microscope)
        if dwell_time is not None:
            yield from true_reason(put((detector.acquire_time, dwell_time)))
        start = {
            "plan_name": "measure_suggestions",
            "detectors": [detector.name],
            "motors": ["scanner_y", "scanner_x"],
            "num_points": len(suggestions),
            "suggestion_ids": [point["_id"] for point in suggestions],
            "scalariser": plain(self._measure.parameters()),
            "hints": HINTS,
            **plain(md or {}),
        }
        uid, ids = yield from one_run(self.around(self.acquire(suggestions, actuators)), start)
        for one in ids:
            del self._outcomes[one]  # the documents have them
        return uid


def evaluate_run(run: Container, suggestions: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Read the outcomes of a run of `measure_suggestions` from the catalog.

    Parameters
    ----------
    run
        ``runs[uid]``, ended.
    suggestions
        Those it was to measure.
    """
    wanted = {point["_id"] for point in suggestions}
    events = read_events(run, "primary")
    rows = enumerate(run.metadata["start"]["suggestion_ids"])
    return [
        {
            "_id": one,
            "scanner_y": float(events["scanner_y"][i]),
            "scanner_x": float(events["scanner_x"][i]),
            "value": float(events["scalar_value"][i]) if not events["scalar_flags"][i] else np.nan,
            "sigma": float(events["scalar_sigma"][i]),
        }
        for i, one in rows
        if one in wanted
    ]


def _outcome(number: Any, position: tuple[float, float], scalar: Scalar) -> Outcome:
    value = float(scalar.value) if not scalar.flags else np.nan
    return {
        "_id": number,
        "scanner_y": position[0],
        "scanner_x": position[1],
        "value": value,
        "sigma": float(scalar.sigma),
    }


def _check(suggestions: Sequence[Mapping[str, Any]], actuators: Sequence[Any]) -> None:
    names = {one.name for one in actuators}
    if names != MOVED:
        raise ValueError(f"actuators are {', '.join(sorted(names))}: give scanner.y and scanner.x")
    for point in suggestions:
        if missing := (MOVED | {"_id"}) - point.keys():
            raise ValueError(f"suggestion {dict(point)!r} lacks {', '.join(sorted(missing))}")
