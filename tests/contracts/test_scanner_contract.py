from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Instrument, InstrumentError, Scanner, ScanRequest


@pytest.fixture
def scanner(instrument: Instrument) -> Scanner:
    assert isinstance(instrument.scanner, Scanner)
    return instrument.scanner


def corners(request: ScanRequest) -> list[tuple[float, float]]:
    """Centres of the corner pixels (y, x) [m]."""
    ny, nx = request.shape
    pixel = request.field_of_view / nx
    half = (ny - 1) / 2 * pixel, (nx - 1) / 2 * pixel
    return [(sy * half[0], sx * half[1]) for sy in (-1, 1) for sx in (-1, 1)]


def test_default_scan_is_within_its_own_limits(scanner: Scanner) -> None:
    request, limits = scanner.default_scan, scanner.limits
    assert limits.field_of_view[0] <= request.field_of_view <= limits.field_of_view[1]
    assert limits.dwell_time[0] <= request.dwell_time <= limits.dwell_time[1]
    assert all(1 <= n <= most for n, most in zip(request.shape, limits.max_shape, strict=True))
    assert limits.rotation[0] <= request.rotation <= limits.rotation[1]


def test_a_scan_gives_calibrated_images(scanner: Scanner) -> None:
    request = scanner.default_scan
    before = time.time()
    images = scanner.scan(request)
    assert tuple(images) == scanner.channels
    assert scanner.channels[0] == "HAADF"
    for image in images.values():
        assert image.data.shape == request.shape
        assert np.isfinite(image.data).all()
        assert before - 1 <= image.timestamp <= time.time() + 1
        for axis, name in zip(image.axes, "yx", strict=True):
            assert (axis.name, axis.unit) == (name, "m")
            assert axis.scale == pytest.approx(request.field_of_view / request.shape[1])
            assert axis.values().mean() == pytest.approx(0.0, abs=1e-6 * axis.scale)


def test_field_of_view_survives_the_units_of_the_process_variables(scanner: Scanner) -> None:
    request = scanner.default_scan
    in_nm = float(np.float64(request.field_of_view * 1e9))
    scanner.scan(replace(request, field_of_view=in_nm * 1e-9))


def test_type_of_the_data_does_not_change(scanner: Scanner) -> None:
    first, second = scanner.scan(scanner.default_scan), scanner.scan(scanner.default_scan)
    spot = scanner.dwell(scanner.default_scan.dwell_time)
    for channel in scanner.channels:
        assert first[channel].data.dtype == second[channel].data.dtype == spot[channel].data.dtype


def test_a_dwell_is_one_pixel(scanner: Scanner) -> None:
    spot = scanner.dwell(scanner.default_scan.dwell_time)
    assert tuple(spot) == scanner.channels
    for image in spot.values():
        assert image.data.shape == (1, 1)
        assert [axis.name for axis in image.axes] == ["y", "x"]


def test_every_pixel_of_the_frame_can_be_reached(scanner: Scanner) -> None:
    scanner.configure(scanner.default_scan)
    for y, x in corners(scanner.default_scan):
        scanner.move(y, x)


@pytest.mark.parametrize("direction", [(0, 1), (0, -1), (1, 0), (-1, 0)])
@pytest.mark.parametrize("distance", [1.0, 1e3, math.inf, math.nan])
def test_positions_outside_the_frame_are_refused(
    scanner: Scanner, direction: tuple[int, int], distance: float
) -> None:
    request = scanner.default_scan
    scanner.configure(request)
    y, x = (0.0 if sign == 0 else sign * distance * request.field_of_view for sign in direction)
    if distance == 1.0 and direction[0]:
        y *= request.shape[0] / request.shape[1]
    with pytest.raises(InstrumentError) as error:
        scanner.move(y, x)
    assert "\n" not in str(error.value)


IMPOSSIBLE = [
    {"field_of_view": 0.0},
    {"field_of_view": -1e-9},
    {"field_of_view": math.nan},
    {"field_of_view": math.inf},
    {"dwell_time": 0.0},
    {"dwell_time": -1.0},
    {"dwell_time": math.nan},
    {"dwell_time": 1e9},
    {"shape": (0, 4)},
    {"shape": (4, -4)},
    {"shape": (10**6, 10**6)},
    {"rotation": math.nan},
    {"rotation": 10.0},
]


@pytest.mark.parametrize("change", IMPOSSIBLE, ids=str)
def test_impossible_scans_are_refused_in_one_line(scanner: Scanner, change: dict) -> None:
    for action in (scanner.configure, scanner.scan):
        with pytest.raises(InstrumentError) as error:
            action(replace(scanner.default_scan, **change))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("dwell_time", [0.0, -1.0, math.nan, 1e9])
def test_impossible_dwells_are_refused(scanner: Scanner, dwell_time: float) -> None:
    with pytest.raises(InstrumentError):
        scanner.dwell(dwell_time)


def test_refusal_leaves_the_scanner_usable(scanner: Scanner) -> None:
    with pytest.raises(InstrumentError):
        scanner.scan(replace(scanner.default_scan, field_of_view=0.0))
    assert scanner.scan(scanner.default_scan)["HAADF"].data.shape == scanner.default_scan.shape


def test_abort_ends_a_scan_and_the_next_one_works(
    make: Callable[[bool], Instrument], ends_when_aborted: Callable
) -> None:
    scanner = make(True).scanner
    assert scanner is not None
    request = scanner.default_scan
    dwell_time = min(20 / math.prod(request.shape), scanner.limits.dwell_time[1])
    slow = replace(request, dwell_time=dwell_time)
    ends_when_aborted(lambda: scanner.scan(slow), scanner.abort)
    quick = replace(request, dwell_time=scanner.limits.dwell_time[0])
    assert scanner.scan(quick)["HAADF"].data.shape == request.shape


def test_abort_of_nothing_spares_the_next_scan(scanner: Scanner) -> None:
    scanner.abort()
    assert scanner.scan(scanner.default_scan)["HAADF"].data.shape == scanner.default_scan.shape


def test_values_are_frozen(scanner: Scanner) -> None:
    image = scanner.scan(scanner.default_scan)["HAADF"]
    with pytest.raises(FrozenInstanceError):
        image.data = np.zeros(1)  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        scanner.default_scan.rotation = 1.0  # type: ignore[misc]
