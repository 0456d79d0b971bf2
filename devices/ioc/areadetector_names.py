"""What clients of areaDetector look for, and what has but one answer here."""

from __future__ import annotations

import numpy as np

from .records import Records, Refused

DISABLE_ENABLE = ("Disable", "Enable")
NO_YES = ("No", "Yes")
WRITE_MODES = ("Single", "Capture", "Stream")
PORT = "PAD"
DATA_TYPES = (
    "Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float32", "Float64"
)  # fmt: skip


def add_camera_names(records: Records, group: str, shape: tuple[int, int]) -> None:
    """Add the size of the sensor, its maker, and settings that can't be changed, to a camera's `group`."""
    ny, nx = shape
    for name, size in (("X", nx), ("Y", ny)):
        records.integer(f"{group}MaxSize{name}_RBV", size, "px")
        _constant(records, f"{group}Size{name}", size)
        _constant(records, f"{group}Min{name}", 0)
        _constant(records, f"{group}Bin{name}", 1)
    records.integer(group + "ArraySizeZ_RBV", 0, "px")
    records.integer(group + "DataType_RBV.DISA", 0)
    _constant(records, group + "NumExposures", 1)
    _single(records, group + "ArrayCallbacks", DISABLE_ENABLE, 1)
    records.word(group + "Manufacturer_RBV", "stemline")
    records.word(group + "Model_RBV", "frame source of the driver's process")
    records.word(group + "PortName_RBV", PORT)


def add_plugin_names(records: Records, group: str, shape: tuple[int, int]) -> None:
    """Add what an HDF5 plugin tells of itself to its `group`: it is enabled, and waits for the disk."""
    ny, nx = shape
    records.word(group + "PluginType_RBV", "NDFileHDF5")
    records.word(group + "PortName_RBV", "HDF1")
    records.word(group + "NDArrayPort", PORT, put=_only(PORT, group + "NDArrayPort"))
    records.word(group + "NDArrayPort_RBV", PORT)
    for number, size in enumerate((nx, ny, 0)):
        records.integer(f"{group}ArraySize{number}_RBV", size, "px")
    counter = records.integer(group + "ArrayCounter_RBV")
    records.integer(group + "ArrayCounter", 0, put=counter.show)
    _single(records, group + "EnableCallbacks", DISABLE_ENABLE, 1)
    _single(records, group + "BlockingCallbacks", NO_YES, 1)
    _single(records, group + "AutoSave", NO_YES, 1)
    _single(records, group + "LazyOpen", NO_YES, 1)
    _single(records, group + "SWMRMode", ("Off", "On"), 1)
    _single(records, group + "FileWriteMode", WRITE_MODES, 2)
    depth = records.integer(group + "CreateDirectory_RBV")
    records.integer(group + "CreateDirectory", 0, put=depth.show)


def data_type(dtype: str) -> str:
    """Name a dtype as areaDetector does."""
    name = np.dtype(dtype).name
    return next(one for one in DATA_TYPES if one.lower() == name)


def _constant(records: Records, name: str, value: int) -> None:
    async def put(asked: int) -> None:
        if asked != value:
            raise Refused(f"{name} = {asked} is refused: it is always {value}")

    records.integer(name, value, put=put)
    records.integer(name + "_RBV", value)


def _single(records: Records, name: str, words: tuple[str, ...], only: int) -> None:
    records.choice(name, words, _only(words[only], name), initial=only)
    records.choice(name + "_RBV", words, initial=only)


def _only(value: str, name: str):  # type: ignore[no-untyped-def]
    async def put(asked: str) -> None:
        if asked != value:
            raise Refused(f"{name} = {asked} is refused: it is always {value}")

    return put
