"""The process variables of a detector's file, as areaDetector's HDF5 plugin has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from caproto import AlarmSeverity, AlarmStatus

from .exposure import Exposures
from .records import Records, Refused

CAPTURE = ("Done", "Capture")


class HDF5Group:
    """`<detector>:HDF1:*`: one file per capture, inside `write_root`."""

    def __init__(self, records: Records, detector: str, exposures: Exposures, write_root: Path) -> None:
        self._detector, self._exposures, self._root = detector, exposures, write_root.resolve()
        group = f"{detector}:HDF1:"
        records.text(group + "FilePath", str(self._root), self._set_path)
        self._path = records.text(group + "FilePath_RBV", str(self._root))
        records.text(group + "FileName", "", self._set_name)
        self._name = records.text(group + "FileName_RBV")
        self._full_name = records.text(group + "FullFileName_RBV")
        records.choice(group + "Capture", CAPTURE, self._set_capture)
        self._capture = records.choice(group + "Capture_RBV", CAPTURE)
        self._captured = records.integer(group + "NumCaptured_RBV")
        self._status = records.choice(group + "WriteStatus_RBV", ("Ok", "Error"))
        self._message = records.text(group + "WriteMessage_RBV")

    async def wrote(self, answer: dict[str, Any]) -> None:
        """Show what the driver's process says about the file.

        Raises
        ------
        Refused
            If the frame could not be written.
        """
        if "captured" in answer:
            await self._captured.show(answer["captured"])
        if "write_error" in answer:
            await self._fail(answer["write_error"])
            raise Refused(answer["write_error"])

    async def _set_path(self, path: str) -> None:
        await self._path.show(str(inside(self._root, path)))

    async def _set_name(self, name: str) -> None:
        if name in ("", ".", "..") or not name.isprintable() or "/" in name or "\\" in name:
            raise Refused(f"{self._detector} file name {name!r} is refused: give a name without folders")
        await self._name.show(name)

    async def _set_capture(self, word: str) -> None:
        try:
            if word == "Capture":
                await self._open()
            else:
                async with self._exposures.blanked() as driver:
                    await driver.post("shut", detector=self._detector)
        except Exception as error:
            await self._capture.show("Done")
            await self._fail(str(error))
            raise
        await self._capture.show(word)

    async def _open(self) -> None:
        if not self._name.value:
            raise Refused(f"{self._detector}:HDF1:FileName is empty: put a name before capturing")
        path = inside(self._root, self._path.value) / f"{self._name.value}.h5"
        async with self._exposures.blanked() as driver:
            await driver.post("open", detector=self._detector, path=str(path))
        await self._full_name.show(str(path))
        await self._captured.show(0)
        await self._message.show("")
        await self._status.show("Ok")
        await self._status.set_alarm(AlarmSeverity.NO_ALARM)

    async def _fail(self, message: str) -> None:
        await self._message.show(message)
        await self._status.show("Error")
        await self._status.set_alarm(AlarmSeverity.MAJOR_ALARM, AlarmStatus.WRITE)


def inside(root: Path, path: str) -> Path:
    """Resolve a path, links included.

    Raises
    ------
    Refused
        If it does not lie inside `root`.
    """
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root):
        raise Refused(f"file path {path} is refused: it leads out of {root}, where this IOC may write")
    return resolved
