"""A run in a few lines of text, for the terminal."""

from __future__ import annotations

import math

from .run_summary import RunSummary


def format_summary(summary: RunSummary, peer: RunSummary | None = None) -> str:
    """Describe a run, beside a peer where there is one.

    Parameters
    ----------
    summary
        The run.
    peer
        A run to compare it with, e.g. one that measured at random.

    Returns
    -------
    str
        A table, one line a quantity, without a final newline.
    """
    runs = [summary] if peer is None else [summary, peer]
    columns = [_column(run) for run in runs]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(runs) + 1)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _column(run: RunSummary) -> dict[str, str]:
    points = run.points
    flagged = int((~points.trusted).sum())
    planned = f" of {run.num_planned}" if run.num_planned is not None else ""
    dose = f" ({run.mean_dose:.3g} e-/Å² on average)" if run.mean_dose is not None else ""
    return {
        "run": f"{run.plan_name} {run.uid[:8]}",
        "points": f"{len(points)}{planned}" + (f", {flagged} flagged" if flagged else ""),
        f"best {run.scalar}": _best(run),
        "found at": _where(run),
        "electrons": "not known" if math.isnan(run.electrons) else f"{run.electrons:.3g}{dose}",
        "duration": f"{run.duration:.1f} s",
        "ended": f"{run.status}: {run.reason}" if run.reason else run.status,
    }


def _best(run: RunSummary) -> str:
    if run.points.best is None:
        return "none"
    value, sigma = run.points.value[run.points.best], run.points.sigma[run.points.best]
    return f"{value:.4g} ± {sigma:.2g} {run.unit}".rstrip()


def _where(run: RunSummary) -> str:
    if (best := run.points.best) is None:
        return "-"
    return f"y {run.points.y[best]:.4g} nm, x {run.points.x[best]:.4g} nm, point {best + 1}"
