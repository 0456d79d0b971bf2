"""Our agents as optimizers of bluesky-adaptive (by its protocols: it is not imported)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from stemline.plans.protocols import BackgroundProposer

# bluesky-adaptive takes each key's type from the first suggestion, which has neither a model nor a fallback.
TEXTS = frozenset({"_kernel", "_fallback"})


class AdaptiveOptimizer:
    """An agent that works in another process, with the blocking calls that bluesky-adaptive makes.

    Parameters
    ----------
    agent
        `stemline.agents.worker.WorkerProposer`, or `InlineProposer`.
    timeout
        Longest wait for an answer [s].
    """

    def __init__(self, agent: BackgroundProposer, timeout: float = 120.0) -> None:
        self._agent = agent
        self._timeout = timeout

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Return the next points, as events of bluesky-adaptive can hold them.

        What the agent has no model for yet is NaN instead of None, or an empty text; lists are left out.
        ``_mean`` is ``decision_mean``, as in our own runs: Tiled keeps names with ``_`` for itself.
        """
        return [_scalars(point) for point in self._ask("suggest", num_points or 1)]

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Learn what was measured."""
        self._ask("ingest", [dict(point) for point in points])

    def should_stop(self) -> tuple[bool, str | None]:
        """Return whether there is no need to go on, and why."""
        stop, reason = self._ask("should_stop")
        return stop, reason

    def get_best_points(self) -> list[tuple[Any, ...]]:
        """Return ``(_id, movables, outcomes)`` of the best points so far."""
        return [tuple(point) for point in self._ask("get_best_points")]

    def _ask(self, method: str, *args: Any) -> Any:
        return self._agent.submit(method, *args).result(self._timeout)


def _scalars(suggestion: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _name(key): value if value is not None else "" if key in TEXTS else math.nan
        for key, value in suggestion.items()
        if not isinstance(value, (list, tuple, dict))
    }


def _name(key: str) -> str:
    # By its ``_id`` bluesky-adaptive knows a suggestion; it records that under a name of its own.
    return f"decision{key}" if key.startswith("_") and key != "_id" else key
