"""The process variables of a detector's file, as areaDetector's HDF5 plugin has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from caproto import AlarmSeverity, AlarmStatus

from .exposure import Exposures
from .records import Records, Refused

CAPTURE = ("Done", "Capture")
NO_YES = ("No", "Yes")
TEMPLATE = "%s%s.h5"  # of folder, name and number; the number may be left out
MOST_FRAMES = 2**31 - 1


class HDF5Group:
    """`<detector>:HDF1:*`: one file per capture, inside `write_root`."""

    def __init__(self, records: Records, detector: str, exposures: Exposures, write_root: Path) -> None:
        self._detector, self._exposures, self._root = detector, exposures, write_root.resolve()
        group = f"{detector}:HDF1:"
        records.text(group + "FilePath", str(self._root), self._set_path)
        self._path = records.text(group + "FilePath_RBV", str(self._root))
        self._path_exists = records.choice(group + "FilePathExists_RBV", NO_YES, initial=1)
        records.text(group + "FileName", "", self._set_name)
        self._name = records.text(group + "FileName_RBV")
        records.text(group + "FileTemplate", TEMPLATE, self._set_template)
        self._template = records.text(group + "FileTemplate_RBV", TEMPLATE)
        self._number = records.integer(group + "FileNumber_RBV")
        self._next = records.setting(group + "FileNumber", self._number, (0, MOST_FRAMES), _as_asked)
        records.choice(group + "AutoIncrement", NO_YES, self._set_increment, initial=1)
        self._increment = records.choice(group + "AutoIncrement_RBV", NO_YES, initial=1)
        self._limit = records.integer(group + "NumCapture_RBV")
        records.setting(group + "NumCapture", self._limit, (0, MOST_FRAMES), _as_asked)
        self._full_name = records.text(group + "FullFileName_RBV")
        self._put = records.choice(group + "Capture", CAPTURE, self._set_capture)
        self._capture = records.choice(group + "Capture_RBV", CAPTURE)
        self._captured = records.integer(group + "NumCaptured_RBV")
        self._status = records.choice(group + "WriteStatus_RBV", ("Ok", "Error"))
        self._message = records.text(group + "WriteMessage_RBV")

    def check_room(self, frames: int) -> None:
        """Refuse an acquisition that would bring more frames than were asked for, if a number was."""
        if self._capture.value == "Capture" and 0 < self._limit.value < self._captured.value + frames:
            raise Refused(
                f"{self._detector}: {frames} frames on top of {self._captured.value} are more than "
                f"{self._detector}:HDF1:NumCapture allows, {self._limit.value}: set it to 0 for any number"
            )

    async def count(self, answer: dict[str, Any]) -> None:
        """Show how many frames are in the file by what the driver's process says."""
        if "captured" in answer:
            await self._captured.show(answer["captured"])
        if "write_error" in answer:
            await self._fail(answer["write_error"])

    async def wrote(self, answer: dict[str, Any]) -> None:
        """Show what the driver's process says about the file; close it when it has all that was asked for.

        Raises
        ------
        Refused
            If the frame could not be written.
        """
        await self.count(answer)
        if "write_error" in answer:
            raise Refused(answer["write_error"])
        if self._capture.value == "Capture" and 0 < self._limit.value <= self._captured.value:
            await self._set_capture("Done")
            await self._put.show("Done")

    async def _set_path(self, path: str) -> None:
        folder = inside(self._root, path)
        await self._path.show(str(folder))
        await self._path_exists.show(NO_YES[1])  # it is made with the first file

    async def _set_name(self, name: str) -> None:
        if name in ("", ".", "..") or not name.isprintable() or "/" in name or "\\" in name:
            raise Refused(f"{self._detector} file name {name!r} is refused: give a name without folders")
        await self._name.show(name)

    async def _set_template(self, template: str) -> None:
        filled(template, "folder/", "name", 0)
        await self._template.show(template)

    async def _set_increment(self, word: str) -> None:
        await self._increment.show(word)

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
        folder = inside(self._root, self._path.value)
        name = filled(self._template.value, f"{folder}/", self._name.value, self._number.value)
        path = inside(self._root, name)
        async with self._exposures.blanked() as driver:
            await driver.post("open", detector=self._detector, path=str(path))
        await self._full_name.show(str(path))
        await self._captured.show(0)
        await self._message.show("")
        await self._status.show("Ok")
        await self._status.set_alarm(AlarmSeverity.NO_ALARM)
        if self._increment.value == "Yes":
            for record in (self._next, self._number):
                await record.show(self._number.value + 1)

    async def _fail(self, message: str) -> None:
        await self._message.show(message)
        await self._status.show("Error")
        await self._status.set_alarm(AlarmSeverity.MAJOR_ALARM, AlarmStatus.WRITE)


async def _as_asked(value: int) -> int:
    return value


def filled(template: str, folder: str, name: str, number: int) -> str:
    """Fill areaDetector's file template: ``%s`` for the folder, ``%s`` for the name, ``%d`` for the number.

    Raises
    ------
    Refused
        If it is none, or gives no name that ends in ``.h5``.
    """
    for values in ((folder, name, number), (folder, name)):
        try:
            path = template % values
        except (TypeError, ValueError):
            continue
        if path.startswith(folder + name) and path.endswith(".h5") and path.isprintable():
            return path
    raise Refused(f"file template {template!r} is refused: write one like %s%s_%6.6d.h5 or {TEMPLATE}")


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
