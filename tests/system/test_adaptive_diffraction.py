"""The adaptive loop on diffraction patterns through an IOC: of the twin, and of a multislice simulation."""

import os
from pathlib import Path
from urllib.parse import unquote, urlparse

import h5py
import hdf5plugin  # noqa: F401 - the patterns are compressed
import numpy as np
import pytest
from bluesky import RunEngine

from stemline.agents.worker import InlineProposer
from stemline.analysis.scalarise import make_scalariser
from stemline.config import load
from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.ioc.server import IOCThread
from stemline.devices.microscope import connect
from stemline.devices.records import make_records
from stemline.plans.adaptive_diffraction import adaptive_diffraction

pytestmark = pytest.mark.system

EXAMPLES = Path(__file__).parents[2] / "examples"
SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[3] / "shared" / "data"))
MOS2 = SHARED / "mos2_W_VS_48x48x64x64.h5"


def adaptive_run(config, folder, num_points):
    """Run the experiment of a configuration; its documents, and the microscope's angles."""
    experiment, documents = config.experiment, []
    engine = RunEngine({}, context_managers=[])
    engine.subscribe(lambda name, doc: documents.append((name, doc)))
    with IOCThread(config.ioc.model_copy(update={"write_root": folder})) as ioc:
        use_channel_access([f"127.0.0.1:{ioc.port}"])
        microscope = connect("EM1:", DataRoots(write=folder, read=folder))
        scalarise = experiment.make_scalariser()
        options = {**config.agent.options(), "num_points": num_points}
        engine(
            adaptive_diffraction(
                microscope,
                make_records(units=scalarise.unit, origin=scalarise.measure.kind),
                scalarise,
                lambda found: InlineProposer(found.features, found.positions, options),
                num_points=num_points,
                dwell_time=experiment.dwell_time,
                survey_dwell_time=experiment.survey.dwell_time,
                patch_size=experiment.patch_size,
            )
        )
        angles = microscope.pixel_array.angles()
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()
    return documents, angles


def events(documents, stream):
    (uid,) = (doc["uid"] for name, doc in documents if name == "descriptor" and doc["name"] == stream)
    return [doc["data"] for name, doc in documents if name == "event" and doc["descriptor"] == uid]


def recorded(documents):
    """All patterns of the run, from the file its documents name."""
    (resource,) = (
        doc
        for name, doc in documents
        if name == "stream_resource" and doc["data_key"] == "pixel_array_pattern"
    )
    with h5py.File(unquote(urlparse(resource["uri"]).path), "r") as file:
        return file["/entry/data/data"][()]


def test_every_scalar_is_that_of_the_pattern_in_the_file(tmp_path):
    documents, angles = adaptive_run(load(EXAMPLES / "diffraction.yml"), tmp_path, 14)
    points, patterns = events(documents, "primary"), recorded(documents)
    scalarise = load(EXAMPLES / "diffraction.yml").experiment.make_scalariser()
    assert len(points) == len(patterns) == 14
    for point, pattern in zip(points, patterns, strict=True):
        result = scalarise(pattern, *angles)
        assert point["scalar_value"] == pytest.approx(result.value)
        assert point["scalar_sigma"] == pytest.approx(result.sigma)
        assert 5e3 < pattern.sum() < 2e4
    kinds = [decision["decision_strategy"] for decision in events(documents, "decisions")]
    assert "expected_improvement" in kinds


@pytest.mark.slow
def test_the_strongest_deflection_of_multislice_patterns(tmp_path):
    if not MOS2.is_file():
        pytest.skip(f"{MOS2} is not here: set STEMLINE_SHARED")
    config = load(EXAMPLES / "mos2.yml")
    (driver,) = config.ioc.instrument.drivers
    drivers = (driver.model_copy(update={"file": MOS2}),)
    instrument = config.ioc.instrument.model_copy(update={"drivers": drivers})
    config = config.model_copy(update={"ioc": config.ioc.model_copy(update={"instrument": instrument})})
    documents, angles = adaptive_run(config, tmp_path, 60)
    with h5py.File(MOS2) as file:
        cube = file["datacube"][()].transpose(1, 0, 3, 2).astype(np.float64)
    exact = make_scalariser("deflection")
    truth = np.array([[exact(1e9 * pattern, *angles).value for pattern in line] for line in cube])
    pixel = 0.025
    visited = [
        truth[round(point["scanner_y"] / pixel + 23.5), round(point["scanner_x"] / pixel + 23.5)]
        for point in events(documents, "primary")
    ]
    assert max(visited) > 0.95 * truth.max()  # where six of 2304 positions are
    (prediction,) = events(documents, "prediction")
    mean = np.reshape(prediction["prediction_mean"], truth.shape)
    assert np.corrcoef(mean.ravel(), truth.ravel())[0, 1] > 0.5
