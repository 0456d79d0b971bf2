"""The driver against Nion's own acquisition, over our specimen."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from stemline.devices.instruments.nion.config import NionConfig
from stemline.devices.instruments.nion.wire import LEASE
from stemline.devices.instruments.protocol import FrameRequest, Instrument, ScanRequest
from stemline.twin.noise import electrons

pytestmark = [pytest.mark.slow, pytest.mark.system]
SCAN = ScanRequest(shape=(9, 12), field_of_view=120e-9, rotation=0.5, dwell_time=1e-3)


def total(nion: Instrument, exposure: float = 0.01) -> float:
    assert nion.spectrometer is not None
    return float(nion.spectrometer.expose(exposure).data.sum())


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_the_blanker_is_proved_by_counts(nion: Instrument) -> None:
    nion.blanker.unblank()
    assert total(nion) > 1e5
    nion.blanker.blank()
    assert total(nion) == 0
    assert nion.scanner.scan(SCAN)["HAADF"].data.sum() == 0


def test_the_beam_is_kept_on_by_renewals_and_goes_off_without_them(nion_config: NionConfig) -> None:
    nion = nion_config.create()
    nion.blanker.unblank()
    time.sleep(LEASE + 0.5)
    assert total(nion) > 1e5
    nion.blanker._on.clear()  # as a process that hangs would
    time.sleep(LEASE + 0.5)
    assert nion.blanker.blanked
    assert total(nion) == 0


def test_spectra_are_counted_electrons_of_the_beam(nion: Instrument) -> None:
    nion.blanker.unblank()
    nion.scanner.configure(SCAN)
    nion.scanner.move(0.0, 0.0)
    counted = np.array([total(nion) for _ in range(60)])
    assert counted.var(ddof=1) == pytest.approx(counted.mean(), rel=0.6)  # 60 draws: sigma is 0.18
    current = nion.controls.state().values["beam_current"].readback * 1e12
    assert (
        0.05 < counted.mean() / electrons(current, 0.01) < 0.1
    )  # a tenth is counted, 1 % to 30 % off the axis


def test_the_parked_probe_is_where_the_scan_shows_it(nion: Instrument) -> None:
    """Nion has three ways to a position (scanned image, part of a scan, parked); the frame is turned."""
    nion.blanker.unblank()
    image = nion.scanner.scan(SCAN)["HAADF"]
    nion.scanner.configure(SCAN)
    spot, losses = np.zeros(SCAN.shape), np.zeros(SCAN.shape)
    for iy, y in enumerate(image.axes[0].values()):
        for ix, x in enumerate(image.axes[1].values()):
            nion.scanner.move(y, x)
            dwell = nion.scanner.dwell(SCAN.dwell_time)["HAADF"]
            assert [axis.offset for axis in dwell.axes] == pytest.approx([y, x])
            spot[iy, ix] = dwell.data[0, 0]
            losses[iy, ix] = nion.spectrometer.expose(1e-3).data[150:].sum()
    assert correlation(spot, image.data) > 0.99
    assert correlation(losses, image.data) > 0.7  # another contrast of the same things


def test_a_scan_turns_anticlockwise_and_moves_with_the_stage(nion: Instrument) -> None:
    nion.blanker.unblank()
    square = replace(SCAN, shape=(48, 48), rotation=0.0, dwell_time=1e-5)
    upright = nion.scanner.scan(square)["HAADF"].data
    turned = nion.scanner.scan(replace(square, rotation=np.pi / 2))["HAADF"].data
    # the scan's x axis points up in the specimen, so what was on top comes to the right
    assert correlation(turned, np.rot90(upright, -1)) > 0.9
    pixel = square.field_of_view / 48
    nion.controls.set("stage_y", 8 * pixel)
    moved = nion.scanner.scan(square)["HAADF"].data
    nion.controls.set("stage_y", 0.0)
    assert correlation(moved[8:], upright[:-8]) > 0.9


def test_frames_by_the_cameras_own_clock(nion: Instrument) -> None:
    nion.blanker.unblank()
    camera = nion.frame_source
    blocks = list(camera.frames(FrameRequest(300, 1e-3, camera.modes[0].name)))
    assert sum(len(block) for block in blocks) == 300
    assert len(blocks) > 1
    assert {block.shape[1:] for block in blocks} == {tuple(axis.size for axis in camera.frame_axes)}


def test_a_frame_at_each_pixel_of_a_scan(nion: Instrument) -> None:
    """The scan waits for the camera; frames come while it goes on, and the images belong to them."""
    nion.blanker.unblank()
    camera, scan = nion.frame_source, replace(SCAN, shape=(6, 8), rotation=0.0)
    blocks = camera.frames(FrameRequest(48, 0.04, camera.modes[0].name, "scan"))
    images: list[object] = []
    thread = threading.Thread(target=lambda: images.append(nion.scanner.scan(scan)))
    thread.start()
    taken = [block.copy() for block in blocks]
    thread.join(20)
    assert sum(len(block) for block in taken) == 48
    assert len(taken) > 1
    (found,) = images
    assert found["HAADF"].data.shape == (6, 8)
    frames = np.concatenate(taken)
    bright = frames.mean(axis=(1, 2))
    assert bright.std() > 0.01 * bright.mean()  # in focus a pattern is as bright as the specimen lets it
