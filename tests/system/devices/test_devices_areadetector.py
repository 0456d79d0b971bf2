"""ophyd's own areaDetector classes drive our IOC: its names and its behaviour are areaDetector's."""

from __future__ import annotations

from pathlib import Path

import bluesky.plans as bp
import numpy as np
import pytest
from bluesky import RunEngine
from ophyd import Component as Cpt
from ophyd import DetectorBase, HDF5Plugin, SingleTrigger
from ophyd.areadetector.cam import CamBase
from ophyd.areadetector.filestore_mixins import FileStoreHDF5IterativeWrite

from stemline.analysis.container import FrameReader
from stemline.devices.channel_access import use_channel_access
from stemline.devices.lease import Lease

pytestmark = pytest.mark.system


class Files(HDF5Plugin, FileStoreHDF5IterativeWrite):
    """The plugin as beamlines write it; no other plugin feeds it."""


class PixelArray(SingleTrigger, DetectorBase):
    """A detector as beamlines write it."""

    cam = Cpt(CamBase, "cam1:")
    hdf1 = Cpt(Files, "HDF1:", write_path_template="", read_path_template="")


def test_it_runs(start_ioc):
    ioc = start_ioc(shape=(16, 12), dwell_time=1e-6)
    use_channel_access([f"127.0.0.1:{ioc.port}"])
    detector = PixelArray(f"{ioc.prefix}PAD:", name="pad", read_attrs=["hdf1"])
    detector.hdf1.write_path_template = detector.hdf1.read_path_template = f"{ioc.write_root}/"
    cam = detector.cam
    for name in (
        "acquire_time", "acquire_period", "num_images", "image_mode", "trigger_mode", "detector_state",
        "array_counter", "num_images_counter", "max_size", "array_size", "size", "min_x", "bin_x",
        "manufacturer", "model",
    ):  # fmt: skip
        getattr(cam, name).get()
    cam.acquire_time.set(2e-3).wait(5)
    assert cam.acquire_period.get() == 2e-3
    cam.image_mode.set("Multiple").wait(5)
    cam.num_images.set(3).wait(5)
    lease = Lease(f"{ioc.prefix}Beam:Lease", name="lease")
    lease.wait_for_connection(timeout=5)
    lease.hold()  # a beamline's session has one in its startup files
    engine, documents = RunEngine({}), []
    engine.subscribe(lambda name, doc: documents.append((name, doc)))
    engine(bp.count([detector], 2))
    events = [doc for name, doc in documents if name == "event"]
    assert len(events) == 2
    (resource,) = (doc for name, doc in documents if name == "resource")
    path = Path(resource["root"]) / resource["resource_path"]
    assert resource["spec"] == "AD_HDF5"
    with FrameReader(path) as file:
        assert file.shape == (6, 64, 64)
        assert (file.read(0, 6).sum(axis=(1, 2)) > 0).all()
    assert detector.hdf1.num_captured.get() == 6
    assert detector.hdf1.capture.get() == 0
    lease.let_go()
    np.testing.assert_array_equal(detector.cam.array_size.get()[-2:], [64, 64])
