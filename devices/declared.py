"""A device with only those process variables that an instrument has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from ophyd import Device

D = TypeVar("D", bound=Device)


def only(cls: type[D], controls: Mapping[str, str], declared: Collection[str]) -> type[D]:
    """Leave out the signals of controls that are not declared.

    Parameters
    ----------
    cls
        Device class with the whole table.
    controls
        Name of the IOC's control by attribute; other attributes stay.
    declared
        The controls that the IOC declares.
    """
    missing = {attr: None for attr, control in controls.items() if control not in declared}
    # ophyd takes a component out of a subclass that sets it to None
    return type(cls.__name__, (cls,), missing) if missing else cls
