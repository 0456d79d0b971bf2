"""Loops over pixels and electrons, compiled once and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile `function` at its first call for the types it is given; it runs without the GIL.

    What was compiled is kept beside the source (or in the user's cache, where that can't be written), so that
    the first call of a later process takes milliseconds. See `analysis.compressed.warm_up`.
    """
    return cast(F, numba.njit(cache=True, nogil=True)(function))
