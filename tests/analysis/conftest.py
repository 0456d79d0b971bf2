from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def measured() -> Callable[[str], dict[str, Any]]:
    """Read a measured file, or skip where it is not at hand."""
    digitalmicrograph = pytest.importorskip("rsciio.digitalmicrograph")

    def read(name: str) -> dict[str, Any]:
        if not (SHARED / name).is_file():
            pytest.skip(f"measured data {SHARED / name} is not here: set STEMLINE_SHARED")
        found: dict[str, Any] = digitalmicrograph.file_reader(str(SHARED / name))[0]
        return found

    return read


@pytest.fixture
def measured_spectrum(measured: Callable[[str], dict[str, Any]]) -> Callable[[str], tuple[Any, Any]]:
    """Read a measured spectrum and its energy axis [eV]."""

    def read(name: str) -> tuple[Any, Any]:
        found = measured(name)
        (axis,) = (axis for axis in found["axes"] if axis["units"] == "eV")
        return found["data"], axis["offset"] + axis["scale"] * np.arange(axis["size"])

    return read
