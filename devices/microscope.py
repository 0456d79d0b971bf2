"""The microscope: the devices that an IOC has process variables for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ophyd import Device

from .beam import Beam
from .declared import only
from .eels import Eels
from .frame_file import DataRoots
from .haadf import Haadf
from .ioc_link import IOCLink
from .no_answer import NoAnswer
from .optics import Optics
from .reading import Reading
from .scanner import Scanner
from .stage import SpecimenStage

OPTICS = {name: name for name in ("convergence_angle", "collection_angle", "camera_length", "defocus")}
STAGE = {name: f"stage_{name}" for name in ("x", "y", "z", "alpha", "beta")}
BEAM = {"current": "beam_current", "high_tension": "beam_energy"}


class NoMicroscope(ConnectionError):
    """No IOC answers, or not all of its process variables do; the message says which and what to do."""


@dataclass(frozen=True)
class Microscope:
    """The devices of one microscope; what is None, this instrument lacks.

    Each has the name of its attribute: ``microscope.scanner.x`` is `scanner_x` in every document.
    """

    prefix: str
    driver: str
    capabilities: tuple[str, ...]
    ioc: IOCLink
    beam: Beam
    scanner: Scanner | None = None
    haadf: Haadf | None = None
    eels: Eels | None = None
    optics: Optics | None = None
    stage: SpecimenStage | None = None

    def devices(self) -> Iterator[Device]:
        """Yield the devices there are."""
        for device in (self.beam, self.scanner, self.haadf, self.eels, self.optics, self.stage):
            if device is not None:
                yield device

    def stop(self, *, success: bool = False) -> None:
        """Blank the beam and end what is in progress, unless `success`."""
        self.ioc.stop(success=success)


def connect(prefix: str, roots: DataRoots | None = None, *, timeout: float = 10.0) -> Microscope:
    """Ask an IOC what it has, make the devices, and wait until they are connected.

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
    scans = "scanner" in capabilities
    optics, stage = set(OPTICS.values()) & {*capabilities}, set(STAGE.values()) & {*capabilities}
    microscope = Microscope(
        prefix=prefix,
        driver=driver,
        capabilities=capabilities,
        ioc=IOCLink(prefix + "IOC:", name="ioc"),
        beam=only(Beam, BEAM, capabilities)(prefix, name="beam"),
        scanner=Scanner(prefix, name="scanner") if scans else None,
        haadf=Haadf(prefix, name="haadf", roots=roots) if scans else None,
        eels=Eels(prefix, name="eels", roots=roots) if "spectrometer" in capabilities else None,
        optics=only(Optics, OPTICS, optics)(prefix, name="optics") if optics else None,
        stage=only(SpecimenStage, STAGE, stage)(prefix, name="stage") if stage else None,
    )
    for device in microscope.devices():
        try:
            device.wait_for_connection(timeout=timeout)
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
