"""Encoded frames through the catalog: as plain frames and as chunks, while a run goes on and after."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from event_model import compose_run

from stemline.analysis.compressed import PatternTotal
from stemline.analysis.container import MIMETYPE, FrameWriter
from stemline.analysis.reduce import reduce
from stemline.consumers.encoded_frames import encoded_blocks, read_encoded
from stemline.tiled_config.client.connection import connect, disconnect
from stemline.tiled_config.forwarder.run_writer import RunWriter
from stemline.tiled_config.server.catalog_server import CatalogServer

pytestmark = pytest.mark.system
SHAPE = (32, 24)


@pytest.fixture
def runs(server: CatalogServer) -> Iterator[Any]:
    client = connect(server.uri, server.api_key)
    yield client
    disconnect(client)


def documents(path: Path, blocks: list[int], metadata: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a fly scan emits whose StreamDatums tell of `blocks` frames each."""
    run = compose_run(metadata=metadata)
    yield "start", run.start_doc
    keys = {"pad_image": {"source": "test", "dtype": "array", "dtype_numpy": "<u2", "shape": list(SHAPE)}}
    keys["pad_image"]["external"] = "STREAM:"
    keys["pad_image"]["dims"] = ["ky", "kx"]
    descriptor = run.compose_descriptor(name="primary", data_keys=keys, object_keys={"pad": ["pad_image"]})
    yield "descriptor", descriptor.descriptor_doc
    resource = run.compose_stream_resource(
        mimetype=MIMETYPE,
        uri=f"file://localhost{path}",
        data_key="pad_image",
        parameters={"chunk_shape": (16, *SHAPE)},
    )
    yield "stream_resource", resource.stream_resource_doc
    start = 0
    for count in blocks:
        frames = {"start": start, "stop": start + count}
        events = {"start": start + 1, "stop": start + count + 1}
        yield "stream_datum", resource.compose_stream_datum(frames, events, descriptor.descriptor_doc)
        start += count
    yield "stop", run.compose_stop()


def test_frames_while_they_come_and_after(runs: Any, catalog_folder: Path) -> None:
    path = catalog_folder / "frames" / f"{uuid.uuid4().hex}.h5"
    mean = np.repeat([0.02, 3.0], [48, 30])[:, None, None]
    frames = np.random.default_rng(0).poisson(mean, (78, *SHAPE)).astype("<u2")
    write = RunWriter(runs)
    with FrameWriter(path, shape=SHAPE, dtype="<u2", chunk_frames=16) as file:
        file.append(frames[:64])
        file.flush()
        docs = documents(path, [32, 32, 14], {"plan_name": "fly_4dstem"})
        name, start = next(docs)
        write(name, start)
        for _ in range(4):
            write(*next(docs))
        write.write_waiting()
        image = runs[start["uid"]]["primary/pad_image"]
        assert image.shape == (64, *SHAPE)
        assert np.array_equal(image[40:64], frames[40:64])
        assert np.array_equal(read_encoded(image, 7, 50), frames[7:50])
        file.append(frames[64:])
    for document in docs:
        write(*document)
    write.write_waiting()
    run = runs[start["uid"]]
    image = run["primary/pad_image"]
    assert np.array_equal(image[:], frames)
    assert np.array_equal(image[77], frames[77])
    assert np.array_equal(image[5:70:13, 3:9], frames[5:70:13, 3:9])
    assert np.array_equal(read_encoded(image), frames)
    total = reduce(PatternTotal(*SHAPE), encoded_blocks(image))
    assert total.frames == 78
    assert np.array_equal(total.counts, frames.sum(axis=0))
    assert run.validate()
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        read_encoded(image, 70, 99)
    with httpx.Client(base_url=runs.context.api_uri) as anyone:
        node = image.uri.split("/metadata/")[1]
        answer = anyone.get(f"stemline/chunks/{node}", params={"start": 0, "stop": 1})
    assert answer.status_code == 401
