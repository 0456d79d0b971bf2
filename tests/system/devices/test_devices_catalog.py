"""The documents of the devices lead a catalog to the frames that the IOC wrote."""

from __future__ import annotations

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import numpy as np
import pytest
from bluesky_tiled_plugins import TiledWriter
from tiled.client import from_context, from_uri
from tiled.server import SimpleTiledServer

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
