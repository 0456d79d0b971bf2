from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from stemline.devices.instruments.hspy_file import FORMAT, add_signal
from stemline.devices.instruments.protocol import Axis

Write = Callable[..., Path]
METADATA = {
    "Acquisition_instrument": {"TEM": {"beam_energy": 60.0, "Detector": {"EELS": {"collection_angle": 48.0}}}}
}


@pytest.fixture
def spectra() -> np.ndarray:
    """Counts (y, x, energy)."""
    return np.random.default_rng(0).integers(0, 60000, (5, 4, 16)).astype(np.uint16)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an array as .hspy with the axes its letters name: y, x, and e for energy."""
    pytest.importorskip("rsciio.hspy")

    def to_file(name: str, data: np.ndarray, order: str, step: float = 2.0, unit: str = "nm") -> Path:
        axes = tuple(
            Axis("Energy loss", size, 100.0, 0.5, "eV")
            if letter == "e"
            else Axis(letter, size, 0.0, step, unit)
            for letter, size in zip(order, data.shape, strict=True)
        )
        with h5py.File(tmp_path / name, "w") as file:
            file.attrs.update(FORMAT)
            add_signal(file, Path(name).stem, "", axes, data.dtype, METADATA)[...] = data
        return tmp_path / name

    return to_file
