import h5py
import numpy as np
import pytest

from stemline.devices.instruments.protocol import Axis, Calibrated
from stemline.devices.ioc.frame_file import FrameFile

ENERGY = Axis("energy", 8, -2.0, 0.5, "eV")


def spectrum(values, dtype="<u4") -> Calibrated:
    return Calibrated(np.asarray(values, dtype), (ENERGY,))


def image(dtype: str) -> Calibrated:
    data = np.random.default_rng(0).integers(0, 200, (3, 5)).astype(dtype)
    return Calibrated(data, (Axis("y", 3, -1e-9, 1e-9, "m"), Axis("x", 5, -2e-9, 1e-9, "m")))


@pytest.mark.parametrize("dtype", ["<u1", "<i2", "<u4", "<f4", ">f4", "<f8"])
def test_frames_come_back_bit_for_bit(tmp_path, dtype):
    frame = image(dtype)
    file = FrameFile(tmp_path / "a" / "b.h5")
    file.append(frame)
    file.append(frame)
    file.close()
    with h5py.File(tmp_path / "a" / "b.h5") as read:
        data = read["/entry/data/data"]
        assert data.dtype == np.dtype(dtype)
        assert data.chunks == (1, 3, 5)
        assert data[()].tobytes() == frame.data.tobytes() * 2


def test_axes_in_nm_and_ev(tmp_path):
    for name, frame in (("i", image("<f4")), ("s", spectrum(range(8)))):
        file = FrameFile(tmp_path / f"{name}.h5")
        file.append(frame)
        file.close()
    with h5py.File(tmp_path / "i.h5") as read:
        group = read["/entry/data"]
        assert list(group.attrs["axes"]) == [".", "y", "x"]
        np.testing.assert_allclose(group["x"][()], [-2, -1, 0, 1, 2], rtol=1e-12, atol=1e-12)
        assert group["x"].attrs["units"] == "nm"
    with h5py.File(tmp_path / "s.h5") as read:
        group = read["/entry/data"]
        assert group.attrs["signal"] == "data"
        np.testing.assert_array_equal(group["energy"][()], ENERGY.values())
        assert group["energy"].attrs["units"] == "eV"


def test_a_single_pixel_has_no_axes(tmp_path):
    file = FrameFile(tmp_path / "spot.h5")
    file.append(
        Calibrated(np.ones((1, 1), "<f4"), (Axis("y", 1, 3e-9, 1e-9, "m"), Axis("x", 1, 0, 1e-9, "m")))
    )
    file.close()
    with h5py.File(tmp_path / "spot.h5") as read:
        assert list(read["/entry/data"]) == ["data"]
        assert list(read["/entry/data"].attrs["axes"]) == [".", ".", "."]


def test_a_reader_sees_each_frame_as_it_is_appended(tmp_path):
    path = tmp_path / "live.h5"
    file = FrameFile(path)
    file.append(spectrum(np.full(8, 0)))
    with h5py.File(path, swmr=True) as read:
        data = read["/entry/data/data"]
        for n in range(1, 5):
            file.append(spectrum(np.full(8, n)))
            data.refresh()
            assert data.shape == (n + 1, 8)
            assert (data[n] == n).all()
    file.close()


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "a.h5"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        FrameFile(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("frame", [spectrum(range(8), "<f4"), image("<u4")])
def test_another_kind_of_frame_is_refused_and_the_file_goes_on(tmp_path, frame):
    file = FrameFile(tmp_path / "a.h5")
    file.append(spectrum(range(8)))
    with pytest.raises(ValueError, match="does not fit"):
        file.append(frame)
    file.append(spectrum(range(8)))
    assert file.count == 2
    file.close()
    file.close()
