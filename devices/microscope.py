"""The microscope: the devices that an IOC has process variables for, grouped."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ophyd import Component as Cpt
from ophyd import Device, Kind

from .beam import Beam
from .declared import only
from .eels import Eels
from .frame_file import DataRoots
from .haadf import Haadf
from .ioc_link import IOCLink
from .no_answer import NoAnswer
from .optics import Optics
from .part import Part
from .pixel_array import PixelArray
from .reading import Reading
from .scanner import Scanner
from .stage import SpecimenStage

OPTICS = {name: name for name in ("convergence_angle", "collection_angle", "camera_length", "defocus")}
STAGE = {name: f"stage_{name}" for name in ("x", "y", "z", "alpha", "beta")}
BEAM = {"current": "beam_current", "high_tension": "beam_energy"}
PARTS = ("beam", "scanner", "haadf", "eels", "pixel_array", "optics", "specimen_stage")


class NoMicroscope(ConnectionError):
    """No IOC answers, or not all of its process variables do; the message says which and what to do."""


class Microscope(Device):  # type: ignore[misc]
    """The devices of one microscope; what is None, this instrument lacks.

    Each part has a name of its own: ``microscope.scanner.x`` is `scanner_x` in every document.

    Read, a microscope gives its state: probe and frame, optics, stage, beam. That costs no dose: the
    detectors are staged and triggered only when a plan names them; what they are set to is configuration of
    the microscope. Stopped, it blanks the beam and ends what is in progress.

    Parameters
    ----------
    prefix
        E.g. "EM1:".
    driver
        Names of the drivers behind the IOC.
    capabilities
        What the IOC declares.
    roots
        Where the IOC writes frames and readers find them; None writes none.
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    beam = Part(Beam, name="beam")
    scanner = Part(Scanner, name="scanner")
    haadf = Part(Haadf, name="haadf", alone=True, kind=Kind.config)
    eels = Part(Eels, name="eels", alone=True, kind=Kind.config)
    pixel_array = Part(PixelArray, name="pixel_array", alone=True, kind=Kind.config)
    optics = Part(Optics, name="optics")
    # `stage` is the verb of Bluesky that every device has
    specimen_stage = Part(SpecimenStage, name="stage")

    def __init__(
        self,
        prefix: str,
        *,
        driver: str = "",
        capabilities: Collection[str] = (),
        roots: DataRoots | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(prefix, **kwargs)
        self.driver = driver
        self.capabilities = tuple(capabilities)
        for detector in (self.haadf, self.eels, self.pixel_array):
            if detector is not None:
                detector.hdf1.roots = roots

    def devices(self) -> Iterator[Device]:
        """Yield the parts there are."""
        parts = (getattr(self, name) for name in PARTS)
        return (part for part in parts if part is not None)

    def stop(self, *, success: bool = False) -> None:
        """Blank the beam and end what is in progress, unless `success`."""
        self.ioc.stop(success=success)


def composed(capabilities: Collection[str]) -> type[Microscope]:
    """Leave out the parts, and those signals of a part, that the IOC does not declare."""
    optics, stage = {*OPTICS.values()} & {*capabilities}, {*STAGE.values()} & {*capabilities}
    scans = "scanner" in capabilities
    pixel_array = PixelArray if scans else type("PixelArray", (PixelArray,), {"scan": None})
    parts = {
        "beam": Part(only(Beam, BEAM, capabilities), name="beam"),
        "scanner": Microscope.scanner if scans else None,
        "haadf": Microscope.haadf if scans else None,
        "eels": Microscope.eels if "spectrometer" in capabilities else None,
        "pixel_array": (
            Part(pixel_array, name="pixel_array", alone=True, kind=Kind.config)
            if "frame_source" in capabilities
            else None
        ),
        "optics": Part(only(Optics, OPTICS, optics), name="optics") if optics else None,
        "specimen_stage": Part(only(SpecimenStage, STAGE, stage), name="stage") if stage else None,
    }
    return type("Microscope", (Microscope,), parts)


def connect(prefix: str, roots: DataRoots | None = None, *, timeout: float = 10.0) -> Microscope:
    """Ask an IOC what it has, make the microscope, and wait until it is connected.

    Call `use_channel_access` first.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    roots
        Where the IOC writes frames and readers find them; None writes none.
    timeout
        Longest wait for the IOC and again for its process variables [s].

    Raises
    ------
    NoMicroscope
        If the IOC or one of its process variables can't be found.
    """
    driver = _text(prefix + "IOC:Driver_RBV", timeout)
    capabilities = tuple(filter(None, _text(prefix + "IOC:Capabilities_RBV", timeout).split(",")))
    microscope = composed(capabilities)(
        prefix, name="microscope", driver=driver, capabilities=capabilities, roots=roots
    )
    try:
        microscope.wait_for_connection(timeout=timeout)
    except TimeoutError as error:
        raise NoMicroscope(f"the IOC {prefix} lacks process variables: {error}") from error
    return microscope


def _text(pv: str, timeout: float) -> str:
    signal = Reading(pv, name=pv, string=True)
    try:
        return str(signal.get(connection_timeout=timeout))
    except NoAnswer as error:
        raise NoMicroscope(
            f"no IOC answers for {pv}: start one (stemline ioc), or correct prefix and addresses"
        ) from error
    finally:
        signal.destroy()
