from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from stemline.devices.instruments.protocol import FrameRequest, Instrument, InstrumentError
from stemline.devices.instruments.replay.pattern_config import PatternReplayConfig

SHAPE = (3, 4, 6, 8)  # y, x, ky, kx
ELECTRONS = 0.01 * 1e-12 * 1.0 / 1.602176634e-19  # 0.01 pA for a second


@pytest.fixture
def cube() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 50, SHAPE).astype(np.uint16)


def replayed(folder: Path, cube: np.ndarray, order: str = "y x ky kx", **options: Any) -> Instrument:
    path = folder / "cube.h5"
    image = cube.sum(axis=(2, 3))
    if order == "x y kx ky":
        cube, image = cube.transpose(1, 0, 3, 2), image.T
    with h5py.File(path, "w") as file:
        file["datacube"], file["haadf"] = cube, image
    return PatternReplayConfig(file=path, pixel_size=0.5, angle_step=2.0, order=order, **options).create()


def pattern_at(instrument: Instrument, y: float, x: float, count: int = 1) -> np.ndarray:
    assert instrument.scanner is not None
    assert instrument.frame_source is not None
    assert instrument.blanker is not None
    instrument.blanker.unblank()
    instrument.scanner.move(y, x)
    return np.concatenate(list(instrument.frame_source.frames(FrameRequest(count, 1.0, "Recorded"))))


@pytest.mark.parametrize("order", ["y x ky kx", "x y kx ky"])
def test_the_recorded_pattern_comes_bit_for_bit_from_where_the_probe_is(
    tmp_path: Path, cube: np.ndarray, order: str
) -> None:
    instrument = replayed(tmp_path, cube, order)
    frames = pattern_at(instrument, -0.5e-9, 0.75e-9, count=70)
    assert frames.shape == (70, 6, 8)
    assert frames.dtype == np.uint16
    assert (frames == cube[0, 3]).all()
    image = instrument.scanner.scan(instrument.scanner.default_scan)["HAADF"]  # type: ignore[union-attr]
    assert image.data.tolist() == cube.sum(axis=(2, 3)).tolist()


def test_angles_are_counted_from_the_centre(tmp_path: Path, cube: np.ndarray) -> None:
    for centre, first in ((None, -3 * 2e-3), ((2.5, 3.5), -2.5 * 2e-3)):
        source = replayed(tmp_path, cube, centre=centre).frame_source
        assert source is not None
        assert source.frame_axes[0].values()[0] == pytest.approx(first)


def test_expected_shares_become_counts_of_the_beam(tmp_path: Path) -> None:
    shares = np.full(SHAPE, 1 / 48, np.float32)
    instrument = replayed(tmp_path, shares, expected=True, beam_current=0.01)
    frames = pattern_at(instrument, 0.0, 0.0, count=200)
    assert frames.dtype == np.uint32
    assert frames.mean() == pytest.approx(ELECTRONS / 48, rel=0.01)
    assert frames.var() == pytest.approx(ELECTRONS / 48, rel=0.05)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"file": "missing.h5"}, "can't read"),
        ({"patterns": "cube"}, "has no data set 'cube': it has datacube, haadf"),
        ({"patterns": "haadf"}, "a 4D array and an image of its first two dimensions are needed"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(
    tmp_path: Path, cube: np.ndarray, broken: dict[str, Any], message: str
) -> None:
    replayed(tmp_path, cube)
    given = {"file": tmp_path / "cube.h5", "pixel_size": 0.5, "angle_step": 2.0, **broken}
    with pytest.raises(InstrumentError, match=message) as raised:
        PatternReplayConfig(**given).create()
    assert "\n" not in str(raised.value)


def test_values_that_are_no_counts_are_refused(tmp_path: Path, cube: np.ndarray) -> None:
    with pytest.raises(InstrumentError, match="negative or not finite"):
        replayed(tmp_path, -cube.astype(float))


def test_counts_can_not_be_drawn_for_an_unknown_current() -> None:
    with pytest.raises(ValidationError, match="expected needs beam_current"):
        PatternReplayConfig(file=Path("a.h5"), pixel_size=1, angle_step=1, expected=True)
