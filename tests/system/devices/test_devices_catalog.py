"""The documents of the devices lead a catalog to the frames that the IOC wrote."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import numpy as np
import pytest
from bluesky_tiled_plugins import TiledWriter
from tiled.client import from_context, from_uri
from tiled.server import SimpleTiledServer

from stemline.analysis.container import FrameReader
from stemline.consumers.open_run import open_run
from stemline.plans.fly_4dstem import fly_4dstem
from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.forwarder.run_writer import RunWriter
from stemline.tiled_config.server import CatalogServer

pytestmark = pytest.mark.system


def test_frames_read_back_equal_what_the_instrument_produced(start_ioc, bench, tmp_path):
    one = bench(start_ioc(shape=(16, 12), dwell_time=1e-6))
    m = one.microscope
    seen = {"haadf": [], "eels": []}

    def per_shot(detectors):
        yield from bps.one_shot(detectors)
        for detector, waveform in ((m.haadf, m.haadf.image), (m.eels, m.eels.spectrum)):
            seen[detector.name].append((yield from bps.rd(waveform)))

    with (
        SimpleTiledServer(tmp_path / "catalog", readable_storage=[str(tmp_path)]) as server,
        from_uri(server.uri).context as context,
    ):
        client = from_context(context)
        one.engine.subscribe(TiledWriter(client, batch_size=1))
        assert one.run(bp.count([m.haadf, m.eels], 4, per_shot=per_shot)) is None
        primary = client[one.of("start")[0]["uid"]]["primary"]
        np.testing.assert_array_equal(primary["haadf_image"].read(), np.stack(seen["haadf"]))
        np.testing.assert_array_equal(primary["eels_spectrum"].read(), np.stack(seen["eels"]))
        assert primary["haadf_image"].dims == ("time", "y", "x")
        assert (
            primary["eels_spectrum"].dtype
            == one.of("descriptor")[0]["data_keys"]["eels_spectrum"]["dtype_numpy"]
        )


def test_the_patterns_of_a_scan_are_sliced_as_plain_frames(start_ioc, bench, tmp_path):
    ioc = start_ioc(shape=(16, 12), dwell_time=1e-6)
    one = bench(ioc)
    config = CatalogConfig(folder=tmp_path / "catalog", readable=(ioc.write_root,))
    ioc.write_root.mkdir(exist_ok=True)
    with CatalogServer(config) as server:
        runs = connect(server.uri, server.api_key)
        writer = RunWriter(runs)
        one.engine.subscribe(writer)
        assert one.run(fly_4dstem(one.microscope, shape=(6, 11), dwell_time=1e-3)) is None
        run = runs[one.of("start")[0]["uid"]]
        (path,) = (
            urlparse(doc["uri"]).path
            for doc in one.of("stream_resource")
            if doc["data_key"] == "pixel_array_pattern"
        )
        with FrameReader(Path(path)) as reader:
            frames = reader.read(0, 66)
        patterns = run["primary/pixel_array_pattern"]
        assert patterns.shape == frames.shape == (66, 64, 64)
        np.testing.assert_array_equal(patterns[:], frames)
        np.testing.assert_array_equal(patterns[65], frames[65])
        np.testing.assert_array_equal(patterns[7:40:3, 10:20], frames[7:40:3, 10:20])
        data = open_run(run)
        np.testing.assert_array_equal(data.pixel_array_pattern, frames.reshape(6, 11, 64, 64))
        np.testing.assert_allclose(data.kx, np.arange(64) - 31.5)
        assert data.kx.attrs["units"] == data.ky.attrs["units"] == "mrad"
        field = float(one.microscope.scanner.field_of_view.get())
        np.testing.assert_allclose(data.x, field / 11 * (np.arange(11) - 5))
        assert open_run(run, "haadf").haadf_image.shape == (1, 6, 11)
        disconnect(runs)
