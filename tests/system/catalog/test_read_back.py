"""What comes back from the catalog is what was measured, while the run goes on and after."""

from __future__ import annotations

from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import numpy as np
import pytest

from stemline.tiled_config.client.broker import broker

pytestmark = pytest.mark.system


def test_frames_and_maps_bit_for_bit(bench: Any, plan: Any) -> None:
    run = bench.runs[bench.run(plan(bench))]
    spectra = run["primary/eels_spectrum"]
    assert spectra.dtype == np.dtype("<f4")
    assert np.array_equal(spectra[:], np.stack(bench.spectrum.frames))
    assert np.array_equal(run["survey/haadf_image"][0], bench.image.frames[0])
    assert run["prediction/prediction_mean"].shape == (1, 64, 64)
    values = run["primary"].read(["scalar_value"])["scalar_value"].to_numpy()
    assert np.array_equal(values, [0.0, np.nan, *range(2, 12)], equal_nan=True)
    assert run.metadata["stop"]["exit_status"] == "success"
    assert run.validate()


def test_read_while_the_run_goes_on(bench: Any, plan: Any) -> None:
    looked = []

    def look() -> None:
        assert _until(lambda: _rows(bench.runs[-1]) == 5)
        run = bench.runs[-1]
        assert "stop" not in run.metadata
        assert np.array_equal(run["primary/eels_spectrum"][:], np.stack(bench.spectrum.frames))
        looked.append(run["primary/eels_spectrum"].shape)

    run = bench.runs[bench.run(plan(bench, look=look))]
    assert looked == [(5, 1024)]
    assert np.array_equal(run["primary/eels_spectrum"][:], np.stack(bench.spectrum.frames))


def test_frame_without_an_event_shifts_nothing(bench: Any) -> None:
    """As when a pause interrupts an exposure: its frame is in the file, and the point is taken again."""

    @bpp.stage_decorator([bench.spectrum])
    @bpp.run_decorator()
    def interrupted() -> Any:
        for i in range(6):
            for _ in range(2 if i in (2, 4) else 1):
                yield from bps.trigger(bench.spectrum, wait=True)
            yield from bps.create("primary")
            yield from bps.read(bench.spectrum)
            yield from bps.save()

    run = bench.runs[bench.run(interrupted())]
    frames = np.stack(bench.spectrum.frames)[[0, 1, 3, 4, 6, 7]]
    assert np.array_equal(run["primary/eels_spectrum"][:], frames)
    assert np.array_equal(run["primary/eels_spectrum"][3], frames[3])
    assert run.validate()
    assert np.array_equal(bench.runs[-1]["primary/eels_spectrum"][:], frames)


def test_databroker(bench: Any, plan: Any) -> None:
    uid = bench.run(plan(bench, num_points=4))
    db = broker(bench.runs)
    assert db[-1].start["uid"] == uid
    table = db[-1].table("primary")
    assert list(table["beam_electrons"]) == [110.0, 120.0, 130.0, 140.0]
    names = [name for name, _ in db[uid].documents()]
    assert names[0] == "start"
    assert names[-1] == "stop"
    assert names.count("event") == 1 + 4 + 5 + 1
    assert names.count("stream_resource") == 2


def _rows(run: Any) -> int:
    try:
        return len(run.base["primary/internal"].read())
    except KeyError:
        return 0


def _until(condition: Any, tries: int = 200) -> bool:
    """Look again and again, at the pace of the server's answers."""
    return any(condition() for _ in range(tries))
