"""A device within another one that keeps a name of its own."""

from __future__ import annotations

from typing import Any

from ophyd import Component, Device


class Part(Component):  # type: ignore[misc]
    """Component with a name of its own, and with its parent's prefix.

    Parameters
    ----------
    cls
        Device class.
    name
        Name of the device: what the names of its data keys begin with.
    alone
        Whether it is a device by itself, without a parent: staged only when a plan names it. (Where there is
        a parent, Bluesky stages that, and with it everything else that belongs to it.)
    """

    def __init__(self, cls: type[Device], *, name: str, alone: bool = False, **kwargs: Any) -> None:
        super().__init__(cls, **kwargs)
        self.name = name
        self.alone = alone

    @property
    def is_device(self) -> bool:
        """Whether it is staged and stopped with the parent."""
        return not self.alone

    def create_component(self, instance: Device) -> Device:
        """Make the device."""
        owner = {} if self.alone else {"parent": instance, "attr_name": self.attr}
        kind = instance._component_kinds[self.attr]
        return self.cls(instance.prefix, name=self.name, kind=kind, **owner, **self.kwargs)
