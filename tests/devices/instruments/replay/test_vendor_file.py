from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Axis, InstrumentError
from stemline.devices.instruments.replay.vendor_file import read_signals


def test_signals_come_with_their_metadata_bit_for_bit(write: Callable, spectra: np.ndarray) -> None:
    (signal,) = read_signals(write("si.hspy", spectra, "yxe", 0.1))
    assert signal.title == "si"
    np.testing.assert_array_equal(signal.data, spectra)
    assert signal.data.dtype == spectra.dtype
    assert signal.axes[0] == Axis("y", 5, 0.0, 0.1, "nm")
    assert signal.axes[2] == Axis("Energy loss", 16, 100.0, 0.5, "eV")
    assert signal.optics == {"beam_energy": 60e3, "collection_angle": pytest.approx(48e-3)}


def test_missing_files_unknown_kinds_and_damage_are_one_line(tmp_path: Path) -> None:
    pytest.importorskip("rsciio.hspy")
    (tmp_path / "si.png").write_bytes(b"")
    (tmp_path / "si.hspy").write_bytes(b"not HDF5")
    for name, message in (
        ("absent.dm3", "there is no file"),
        ("si.png", "of no known kind: use one of .dm3"),
        ("si.hspy", "can't be read"),
    ):
        with pytest.raises(InstrumentError, match=message) as error:
            read_signals(tmp_path / name)
        assert name in str(error.value)
        assert "\n" not in str(error.value)


def test_without_rosettasciio_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "si.emd").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "rsciio.emd", None)
    with pytest.raises(InstrumentError, match=r"needs rosettasciio .* pip install 'stemline\[replay\]'"):
        read_signals(tmp_path / "si.emd")
