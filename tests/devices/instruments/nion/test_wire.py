from __future__ import annotations

import msgpack
import numpy as np
import pytest

from stemline.devices.instruments.nion.wire import pack, unpack


@pytest.mark.parametrize("dtype", ["<f4", "<u2", ">i4"])
def test_arrays_survive_msgpack(dtype: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)[:, ::-1]
    packed = msgpack.unpackb(msgpack.packb(pack(array)))
    found = unpack(packed)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert len(msgpack.packb(pack(array))) < array.nbytes + 100
