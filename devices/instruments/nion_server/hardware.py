"""The parts of Nion's instrument that are used, found where Swift, or the headless start, registered them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nion.instrumentation import HardwareSource
from nion.utils import Registry

from ..nion.wire import NionError


@dataclass(frozen=True)
class Names:
    """Identifiers of the hardware sources; by default those of Nion's simulator."""

    scan: str = "usim_scan_device"
    eels: str = "usim_eels_camera"
    ronchigram: str = "usim_ronchigram_camera"


@dataclass(frozen=True, eq=False)
class Hardware:
    """Nion's objects: the STEM controller, the scan and the cameras by name."""

    stem: Any
    scan: Any
    cameras: dict[str, Any]


def find(names: Names) -> Hardware:
    """Look the parts up.

    Raises
    ------
    NionError
        If one is not there.
    """
    manager = HardwareSource.HardwareSourceManager()

    def source(identifier: str) -> Any:
        found = manager.get_hardware_source_for_hardware_source_id(identifier)
        if found is None:
            known = ", ".join(sorted(one.hardware_source_id for one in manager.hardware_sources)) or "none"
            raise NionError(f"Nion has no hardware source {identifier!r}: it has {known}")
        return found

    stem = Registry.get_component("stem_controller")
    if stem is None:
        raise NionError("Nion has no STEM controller: load its instrument first")
    return Hardware(
        stem, source(names.scan), {"eels": source(names.eels), "ronchigram": source(names.ronchigram)}
    )
