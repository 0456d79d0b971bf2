"""What every pixel-array detector promises."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from stemline.devices.instruments.protocol import (
    FrameRequest,
    FrameSource,
    Instrument,
    InstrumentError,
    ScanRequest,
)


@pytest.fixture
def source(instrument: Instrument) -> FrameSource:
    if instrument.frame_source is None:
        pytest.skip(f"{instrument.name} has no frame source")
    return instrument.frame_source


def request(source: FrameSource, count: int, **changes: object) -> FrameRequest:
    mode = source.modes[0]
    asked = {"count": count, "dwell_time": mode.dwell_time[0], "mode": mode.name, **changes}
    return FrameRequest(**asked)  # type: ignore[arg-type]


def shape(source: FrameSource) -> tuple[int, int]:
    ky, kx = source.frame_axes
    return ky.size, kx.size


def test_it_is_one(source: FrameSource) -> None:
    assert isinstance(source, FrameSource)
    assert set(source.triggers) <= {"internal", "scan"}
    assert source.triggers


def test_axes_are_angles_about_the_vacuum_disk(source: FrameSource) -> None:
    for name, axis in zip(("ky", "kx"), source.frame_axes, strict=True):
        assert (axis.name, axis.unit) == (name, "rad")
        assert axis.scale > 0
        assert axis.values()[0] < 0 < axis.values()[-1]
        assert np.abs(axis.values()).max() < 1  # radians, no milliradians


def test_modes_are_told_apart_and_make_sense(source: FrameSource) -> None:
    names = [mode.name for mode in source.modes]
    assert len({*names}) == len(names) > 0
    for mode in source.modes:
        low, high = mode.dwell_time
        assert 0 < low < high
        assert np.dtype(mode.dtype).kind in "uif"
        assert mode.saturation > 0


def test_every_mode_gives_what_it_says(source: FrameSource) -> None:
    for mode in source.modes:
        blocks = [
            block.copy()
            for block in source.frames(request(source, 3, mode=mode.name, dwell_time=mode.dwell_time[0]))
        ]
        frames = np.concatenate(blocks)
        assert frames.shape == (3, *shape(source))
        assert frames.dtype == np.dtype(mode.dtype)
        assert frames.max() <= mode.saturation


@pytest.mark.parametrize("count", [1, 7, 130])
def test_blocks_hold_as_many_frames_as_asked_for(source: FrameSource, count: int) -> None:
    blocks = [len(block) for block in source.frames(request(source, count))]
    assert min(blocks) > 0
    assert sum(blocks) == count


def test_a_pattern_has_a_disk_in_the_middle(source: FrameSource) -> None:
    """At the default mode and a long exposure the electrons are about the centre that the axes tell."""
    mode = source.modes[0]
    (block,) = source.frames(request(source, 1, dwell_time=min(0.01, mode.dwell_time[1])))
    total = block[0].sum(dtype=float)
    assert total > 0
    for axis, values in enumerate(axis.values() for axis in source.frame_axes):
        centre = (block[0].sum(axis=1 - axis, dtype=float) * values).sum() / total
        assert abs(centre) < np.abs(values).max() / 4


@pytest.mark.parametrize(
    "bad",
    [
        {"count": 0},
        {"dwell_time": 0.0},
        {"dwell_time": 1e6},
        {"mode": "no such mode"},
        {"dwell_time": np.nan},
    ],
)
def test_what_is_beyond_the_limits_is_refused(source: FrameSource, bad: dict[str, object]) -> None:
    with pytest.raises(InstrumentError) as raised:
        list(source.frames(request(source, **{"count": 1, **bad})))  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_abort_ends_a_stream(make, ends_when_aborted) -> None:
    instrument = make(True)
    if instrument.frame_source is None:
        pytest.skip(f"{instrument.name} has no frame source")
    source = instrument.frame_source
    long = request(source, 1000, dwell_time=source.modes[0].dwell_time[1])
    ends_when_aborted(lambda: list(source.frames(long)), source.abort)
    assert sum(len(block) for block in source.frames(request(source, 2))) == 2  # the next one is not ended


def with_scan(instrument: Instrument) -> tuple[FrameSource, ScanRequest]:
    source = instrument.frame_source
    if source is None or "scan" not in source.triggers or instrument.scanner is None:
        pytest.skip(f"no scan triggers the frames of {instrument.name}")
    default = instrument.scanner.default_scan
    dwell = source.modes[0].dwell_time[0]
    return source, ScanRequest((3, 5), default.field_of_view, 0.0, dwell)


def test_a_scan_triggers_one_frame_a_pixel(instrument: Instrument) -> None:
    source, scan = with_scan(instrument)
    blocks = source.frames(request(source, 15, trigger="scan"))
    scanning = threading.Thread(target=instrument.scanner.scan, args=(scan,))  # type: ignore[union-attr]
    scanning.start()
    frames = np.concatenate([block.copy() for block in blocks])
    scanning.join()
    assert frames.shape == (15, *shape(source))


def test_an_armed_detector_can_be_aborted(instrument: Instrument, ends_when_aborted) -> None:
    source, _ = with_scan(instrument)
    ends_when_aborted(lambda: list(source.frames(request(source, 15, trigger="scan"))), source.abort)


def test_no_electrons_while_the_beam_is_blanked(instrument: Instrument, source: FrameSource) -> None:
    if source.modes[0].quantity != "counts" or instrument.blanker is None:
        pytest.skip("needs counts and a blanker")
    (lit,) = source.frames(request(source, 1, dwell_time=0.01))
    instrument.blanker.blank()
    (dark,) = source.frames(request(source, 1, dwell_time=0.01))
    assert dark.sum() < lit.sum() / 1000
