"""The HDF5 file that the IOC writes a detector's frames to, and the documents that refer to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import Any

from event_model import compose_stream_resource
from ophyd import Component as Cpt
from ophyd import Device, Kind
from ophyd.device import Staged

from .no_answer import NoAnswer, answered
from .reading import Reading
from .setpoint import Setpoint

DATASET = "/entry/data/data"
BLOCK = 64  # frames that a reader of a whole scan asks for at once
UNSTAGE_PATIENCE = 0.5  # [s]; short, because a run that failed on a frozen IOC still has to end


@dataclass(frozen=True)
class DataRoots:
    """One folder by two names: as the IOC sees it and as the catalog and its readers do.

    Attributes
    ----------
    write
        Absolute path on the IOC's host.
    read
        Absolute path on the reader's host.
    """

    write: PurePath
    read: PurePath

    def __post_init__(self) -> None:
        for which, root in (("write", self.write), ("read", self.read)):
            if not root.is_absolute():
                raise ValueError(f"{which} root {str(root)!r} is a relative path: give an absolute one")
        # Tiled (0.2.20) takes the path of a URI as it stands: not encoded, and without what ends a path
        if any(character in str(self.read) for character in "?#%;"):
            raise ValueError(
                f"read root {str(self.read)!r} holds one of ? # % ; : choose a folder without them"
            )

    def uri(self, path: str) -> str:
        """Address, for readers, of a file that the IOC wrote.

        Raises
        ------
        ValueError
            If the file is not under the write root.
        """
        try:
            relative = PurePath(path).relative_to(self.write)
        except ValueError:
            raise ValueError(
                f"the IOC writes {path}, outside the write root {self.write}: readers can't find it"
            ) from None
        return "file://localhost" + str(PurePosixPath(self.read / relative))


class CaptureFailed(RuntimeError):
    """A file could not be opened, or lacks a frame; the message names the PV and gives the IOC's reason."""


class FrameFile(Device):  # type: ignore[misc]
    """``HDF1:`` of a detector, as areaDetector has it: open from `stage` to `unstage`, one frame an exposure.

    It belongs to a detector, which hands its documents on. Without `roots` nothing is written.

    Parameters
    ----------
    mimetype
        What the IOC writes: plain HDF5, unless it is one of ours with encoded frames.
    """

    file_path = Cpt(Setpoint, "FilePath", string=True, limits=False, kind=Kind.omitted)
    file_name = Cpt(Setpoint, "FileName", string=True, limits=False, kind=Kind.omitted)
    capture = Cpt(Setpoint, "Capture", limits=False, kind=Kind.omitted)
    full_file_name = Cpt(Reading, "FullFileName_RBV", string=True, kind=Kind.omitted)
    num_captured = Cpt(Reading, "NumCaptured_RBV", kind=Kind.omitted)
    write_status = Cpt(Reading, "WriteStatus_RBV", string=True, kind=Kind.omitted)
    write_message = Cpt(Reading, "WriteMessage_RBV", string=True, kind=Kind.omitted)

    def __init__(self, prefix: str, *, mimetype: str = "application/x-hdf5", **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self._mimetype = mimetype
        self.roots: DataRoots | None = None
        self._uri = ""
        self._bundle: Any = None
        self._captured = 0
        self._documented = 0

    @property
    def capturing(self) -> bool:
        """Whether exposures are written to a file."""
        return bool(self._uri)

    def stage(self) -> list[object]:
        """Open a new file, named by a new uuid.

        Raises
        ------
        CaptureFailed
            If the IOC can't open it; nothing is left capturing.
        """
        staged: list[object] = super().stage()
        if self.roots is not None:
            try:
                self._open(self.roots)
            except Exception:
                try:
                    self.unstage()
                except Exception as error:
                    self.log.warning("%s", error)  # the first error says more
                raise
        return staged

    def unstage(self) -> list[object]:
        """Close the file. An IOC that does not answer is told to, and not waited for."""
        try:
            if self.roots is not None and self._staged is not Staged.no:
                self._close()
        finally:
            unstaged = super().unstage()
        return list(unstaged)

    @property
    def captured(self) -> int:
        """How many frames were in the file after the last exposure."""
        return self._captured

    def advanced(self) -> bool | None:
        """Ask whether the file has grown since the last time; None when nothing is written."""
        if not self.capturing:
            return None
        before, self._captured = self._captured, int(self.num_captured.get())
        return self._captured > before

    def lost(self) -> CaptureFailed:
        """Say that an exposure has ended without a frame in the file."""
        reason = self.write_message.get() or "no reason is given"
        return CaptureFailed(
            f"{self.num_captured.pvname}: still {self._captured} after an exposure: {reason}"
        )

    def documents(
        self, data_key: str, frame_shape: Callable[[], tuple[int, ...]], stop: int | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Refer to the newest frame, and before the first one to the file; or to all new ones before `stop`.

        After a pause Bluesky takes the interrupted point again: the frames in between belong to no event and
        are passed over.
        """
        start, block = (self._captured - 1, 1) if stop is None else (self._documented, BLOCK)
        stop = self._captured if stop is None else stop
        if stop == self._documented:
            return
        if self._bundle is None:
            self._bundle = compose_stream_resource(
                mimetype=self._mimetype,
                uri=self._uri,
                data_key=data_key,
                parameters={"dataset": DATASET, "chunk_shape": (block, *frame_shape()), "swmr": True},
            )
            yield "stream_resource", self._bundle.stream_resource_doc
        self._documented = stop
        indices = {"start": start, "stop": stop}
        yield "stream_datum", self._bundle.compose_stream_datum(indices, validate=False)

    def _open(self, roots: DataRoots) -> None:
        self._captured = self._documented = 0
        self._bundle = None
        self.file_path.set(str(roots.write)).wait()
        self.file_name.set(uuid.uuid4().hex).wait()
        self.capture.set(1).wait()
        if self.write_status.get() == "Error":
            raise CaptureFailed(f"{self.capture.setpoint_pvname}: {self.write_message.get()}")
        self._uri = roots.uri(self.full_file_name.get())

    def _close(self) -> None:
        self._uri = ""
        if not self.capture.connected:
            self.log.warning("%s: not connected, the file is left to the IOC", self.capture.setpoint_pvname)
            return
        try:
            with answered(self.capture.setpoint_pvname):
                self.capture.get(timeout=UNSTAGE_PATIENCE)
        except NoAnswer as error:
            self.log.warning("%s", error)
            self.capture.put(0, use_complete=False)
            return
        self.capture.set(0).wait()
