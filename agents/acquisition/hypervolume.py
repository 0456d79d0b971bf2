"""Search for the best compromises between two quantities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]


def pareto_front(values: Floats) -> Floats:
    """Return those of `values` ``(m, 2)`` that no other one exceeds in both, by falling first column."""
    kept, best = [], -np.inf
    for first, second in values[np.lexsort((-values[:, 1], -values[:, 0]))]:
        if second > best:
            kept.append((first, second))
            best = second
    return np.array(kept).reshape(-1, 2)


def expected_hypervolume_improvement(
    mean: Floats, sigma: Floats, measured: Floats, reference: Floats
) -> Floats:
    """Return by how much candidates are expected to enlarge the area that measured ones dominate, ``(n,)``.

    Both are maximised, and independent given what was measured. The area above the front is cut into strips
    of the first quantity, ``[a_i, a_{i+1}]``, with the front ``b_i`` below: the improvement is
    ``sum_i l_i(f_1) max(f_2 - b_i, 0)`` with ``l_i`` the part of the strip below f_1, whose expectations are
    ``psi(a_i) - psi(a_{i+1})`` and ``psi(b_i)``, ``psi(c) = E max(f - c, 0) = sigma (z Phi(z) + phi(z))``,
    ``z = (mean - c) / sigma`` (K. Yang, M. Emmerich, A. Deutz, T. Baeck, J. Glob. Optim. 75, 3 (2019)).
    Closed, so that botorch, which has it too, need not be loaded.

    Parameters
    ----------
    mean, sigma
        Of the two quantities ``(n, 2)``.
    measured
        Their values, or means, where measured ``(m, 2)``.
    reference
        The worst that counts ``(2,)``.
    """
    front = pareto_front(measured[(measured > reference).all(axis=1)]) if len(measured) else measured
    rising = front[::-1] if len(front) else np.empty((0, 2))
    edges = np.concatenate([[reference[0]], rising[:, 0]])
    floors = np.concatenate([rising[:, 1], [reference[1]]])
    length = _excess(mean[:, :1], sigma[:, :1], edges)
    length[:, :-1] -= length[:, 1:].copy()  # the last strip is open
    return np.asarray((length * _excess(mean[:, 1:], sigma[:, 1:], floors)).sum(axis=1))


def _excess(mean: Floats, sigma: Floats, limits: Floats) -> Floats:
    """Return ``E max(f - c, 0)`` of each candidate ``(n, 1)`` over each limit ``(s,)``, ``(n, s)``."""
    known = np.where(sigma > 0, sigma, 1.0)
    z = (mean - limits) / known
    excess = known * (z * norm.cdf(z) + norm.pdf(z))
    return np.asarray(np.where(sigma > 0, excess, np.maximum(mean - limits, 0.0)))
