"""A served catalog with one finished and one open run in it, as a microscope leaves them."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import event_model
import h5py
import numpy as np
import pytest
from bluesky_tiled_plugins import TiledWriter

from stemline.tiled_config.client import connect, disconnect

KEY = "ab" * 16
NUM_POINTS = 7
FIELD = 80.0  # [nm]


@dataclass
class Served:
    """What a test acts on."""

    url: str
    key: str
    runs: Any
    uid: str
    open_uid: str
    image: np.ndarray
    spectra: np.ndarray
    positions: np.ndarray

    @property
    def uri(self) -> str:
        return f"{self.url}/api/v1"


def write_run(write: Any, folder: Path, arrays: tuple[Any, Any, Any], ends: bool, **start: Any) -> str:
    """Hand out the documents of a run, spectra and survey in files."""
    image, spectra, positions = arrays
    run = event_model.compose_run(metadata=start, validate=False)
    write("start", run.start_doc)

    def frames(name: str, data: np.ndarray) -> Path:
        path = folder / f"{uuid.uuid4().hex}_{name}.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("/entry/data/data", data=data, chunks=(1, *data.shape[1:]))
        return path

    def stream(name: str, keys: dict[str, Any], configuration: dict[str, Any], hints: list[str]) -> Any:
        made = run.compose_descriptor(
            name=name,
            data_keys={
                key: {"source": "test", "object_name": key.split("_")[0], **about}
                for key, about in keys.items()
            },
            configuration={
                device: {
                    "data": {key: value for key, (value, _) in values.items()},
                    "timestamps": dict.fromkeys(values, 1.0),
                    "data_keys": {
                        key: {"source": "test", "dtype": "number", "shape": [], "units": unit}
                        for key, (_, unit) in values.items()
                    },
                }
                for device, values in configuration.items()
            },
            hints={hint.split("_")[0]: {"fields": [hint]} for hint in hints},
            validate=False,
        )
        write("descriptor", made.descriptor_doc)
        return made

    def refer(made: Any, key: str, path: Path, count: int, shape: tuple[int, ...]) -> None:
        resource = run.compose_stream_resource(
            mimetype="application/x-hdf5",
            uri=f"file://localhost{path}",
            data_key=key,
            parameters={"dataset": "/entry/data/data", "chunk_shape": (1, *shape)},
        )
        write("stream_resource", resource.stream_resource_doc)
        datum = resource.compose_stream_datum({"start": 0, "stop": count}, descriptor=made.descriptor_doc)
        write("stream_datum", datum)

    def event(made: Any, **data: Any) -> None:
        write("event", made.compose_event(data=data, timestamps=dict.fromkeys(data, 1.0), validate=False))

    number = {"dtype": "number", "shape": [], "dtype_numpy": "<f8"}
    frame = {"dtype": "array", "external": "STREAM:", "units": "counts"}
    survey = stream(
        "survey",
        {
            "haadf_mean": {**number, "units": "counts"},
            "haadf_image": {**frame, "dtype_numpy": "<u2", "shape": list(image.shape), "dims": ["y", "x"]},
        },
        {"haadf": {"haadf_pixel_size": (FIELD / image.shape[1], "nm")}},
        ["haadf_mean"],
    )
    refer(survey, "haadf_image", frames("image", image[None]), 1, image.shape)
    event(survey, haadf_mean=float(image.mean()))
    primary = stream(
        "primary",
        {
            "scanner_y": {**number, "units": "nm"},
            "scanner_x": {**number, "units": "nm"},
            "scalar_value": {**number, "units": "eV"},
            "eels_spectrum": {**frame, "dtype_numpy": "<f4", "shape": [spectra.shape[1]], "dims": ["energy"]},
        },
        {"eels": {"eels_energy_offset": (-5.0, "eV"), "eels_energy_dispersion": (0.5, "eV")}},
        ["scalar_value"],
    )
    refer(primary, "eels_spectrum", frames("spectra", spectra), len(spectra), spectra.shape[1:])
    for i, (y, x) in enumerate(positions):
        event(
            primary, scanner_y=float(y), scanner_x=float(x), scalar_value=float("nan") if i == 1 else 0.1 * i
        )
    if ends:
        write("stop", run.compose_stop(reason="measured enough"))
    return str(run.start_doc["uid"])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "frames").mkdir()
    script = Path(__file__).with_name("catalog_process.py")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(folder / "frames")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        assert port, (folder / "log").read_text()
        url = f"http://127.0.0.1:{port}"
        runs = connect(f"{url}/api/v1", KEY)
        rng = np.random.default_rng(0)
        image = rng.poisson(300, (24, 32)).astype("<u2")
        spectra = rng.poisson(50, (NUM_POINTS, 64)).astype("<f4")
        positions = rng.uniform(-30, 30, (NUM_POINTS, 2))
        facts = {"num_points": NUM_POINTS, "survey": {"field_of_view": FIELD, "shape": [24, 32]}}
        write = TiledWriter(runs)
        arrays = image, spectra, positions
        uid = write_run(
            write, folder / "frames", arrays, True, plan_name="adaptive", sample="gold", scan_id=1, **facts
        )
        write = TiledWriter(runs, batch_size=1)
        open_uid = write_run(
            write, folder / "frames", arrays, False, plan_name="random", sample="silver", scan_id=2, **facts
        )
        yield Served(url, KEY, runs, uid, open_uid, image, spectra, positions)
        disconnect(runs)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)
