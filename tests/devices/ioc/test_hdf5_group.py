import h5py
import numpy as np
import pytest
from caproto import AlarmSeverity

from stemline.devices.ioc.hdf5_group import inside
from stemline.devices.ioc.records import Refused


def test_paths_inside_are_taken(tmp_path):
    root = tmp_path.resolve()
    assert inside(root, str(root)) == root
    assert inside(root, f"{root}/a/b") == root / "a" / "b"
    assert inside(root, "a/../b") == root / "b"


@pytest.mark.parametrize("path", ["/etc", "..", "a/../../b", "/"])
def test_paths_outside_are_refused(tmp_path, path):
    with pytest.raises(Refused, match="leads out of"):
        inside(tmp_path.resolve(), path)


def test_links_are_followed_before_the_path_is_judged(tmp_path):
    root = (tmp_path / "root").resolve()
    root.mkdir()
    (root / "link").symlink_to("/etc")
    with pytest.raises(Refused):
        inside(root, "link/a")
    with pytest.raises(Refused):  # a neighbour whose name begins alike
        inside(root, f"{root}2")


def test_a_capture_writes_every_frame(play, tmp_path):
    async def script(panel):
        assert await panel.put("EELS:HDF1:FilePath", str(tmp_path / "2026" / "11"))
        assert await panel.put("EELS:HDF1:FileName", "abc")
        assert await panel.put("EELS:HDF1:Capture", 1)
        assert panel["EELS:HDF1:Capture_RBV"] == "Capture"
        for n in (1, 2, 3):
            assert await panel.put("EELS:cam1:Acquire", 1)
            assert panel["EELS:HDF1:NumCaptured_RBV"] == n
        assert await panel.put("EELS:HDF1:Capture", 0)
        assert panel["EELS:HDF1:FullFileName_RBV"] == str((tmp_path / "2026" / "11" / "abc.h5").resolve())
        with h5py.File(panel["EELS:HDF1:FullFileName_RBV"]) as file:
            np.testing.assert_array_equal(file["/entry/data/data"], [np.arange(16)] * 3)
            assert file["/entry/data/data"].dtype == np.dtype("<u4")

    play(script)


@pytest.mark.parametrize("name", ["a/b", "..", "../a", "a\\b", "a\nb"])
def test_file_names_with_folders_are_refused(play, name):
    async def script(panel):
        assert not await panel.put("EELS:HDF1:FileName", name)
        assert panel["EELS:HDF1:FileName_RBV"] == ""

    play(script)


def test_paths_outside_the_root_are_refused_as_puts(play):
    async def script(panel):
        before = panel["HAADF:HDF1:FilePath_RBV"]
        assert not await panel.put("HAADF:HDF1:FilePath", "/etc")
        assert panel["HAADF:HDF1:FilePath_RBV"] == before

    play(script)


def test_a_capture_that_cannot_begin_says_why(play, tmp_path):
    async def script(panel):
        assert not await panel.put("EELS:HDF1:Capture", 1)
        assert "FileName is empty" in panel["EELS:HDF1:WriteMessage_RBV"]
        (tmp_path / "there.h5").touch()
        await panel.put("EELS:HDF1:FileName", "there")
        assert not await panel.put("EELS:HDF1:Capture", 1)
        status = panel.record("EELS:HDF1:WriteStatus_RBV")
        assert status.value == "Error"
        assert status.alarm.severity == AlarmSeverity.MAJOR_ALARM
        assert "there.h5 exists" in panel["EELS:HDF1:WriteMessage_RBV"]
        assert panel["EELS:HDF1:Capture_RBV"] == "Done"
        await panel.put("EELS:HDF1:FileName", "new")
        assert await panel.put("EELS:HDF1:Capture", 1)
        assert status.value == "Ok"
        assert panel["EELS:HDF1:WriteMessage_RBV"] == ""

    play(script)


def test_a_frame_that_cannot_be_written_fails_the_acquisition(fake, play):
    async def script(panel):
        await panel.put("HAADF:HDF1:FileName", "a")
        await panel.put("HAADF:HDF1:Capture", 1)
        assert await panel.put("HAADF:cam1:Acquire", 1)
        await panel.put("Scan:NumX", 4)
        assert not await panel.put("HAADF:cam1:Acquire", 1)
        assert "does not fit" in panel["HAADF:cam1:StatusMessage_RBV"]
        assert panel["HAADF:cam1:DetectorState_RBV"] == "Error"
        assert panel["HAADF:HDF1:WriteStatus_RBV"] == "Error"
        assert panel["HAADF:HDF1:NumCaptured_RBV"] == 1
        assert fake.blanked

    play(script)
