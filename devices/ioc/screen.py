"""The process variables of an IOC as a screen of CS-Studio Phoebus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from caproto import ChannelEnum
from pvi._format.dls import DLSFormatter
from pvi.device import (
    ComboBox,
    Device,
    Grid,
    Group,
    SignalR,
    SignalRW,
    SignalX,
    TextFormat,
    TextRead,
    TextWrite,
)

from .records import Served, Text, Waveform32, Waveform64

BUTTONS = ("IOC:Abort", "Beam:ResetElectrons")  # a put of 1 acts; there is nothing to show
FRAMES = (Waveform32, Waveform64)  # pvi has no widget for them: Phoebus takes images over PV Access


def write_screen(prefix: str, records: Mapping[str, Served], path: Path) -> None:
    """Write a ``.bob`` file with every process variable but frames, a group for each part of the microscope.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    records
        By full name.
    path
        Of the file; its suffix is ``.bob``.
    """
    names = [name.removeprefix(prefix) for name, record in records.items() if not isinstance(record, FRAMES)]
    shown = [name for name in names if not _is_readback(name, names)]
    groups = [
        Group(
            name=_pascal(group),
            label=group,
            layout=Grid(),
            children=list(_signals(prefix, members, records)),
        )
        for group, members in _grouped(shown)
    ]
    DLSFormatter().format(Device(label=prefix.rstrip(":"), children=groups), path)


def _is_readback(name: str, names: list[str]) -> bool:
    return name.endswith("_RBV") and name.removesuffix("_RBV") in names


def _grouped(names: list[str]) -> Iterator[tuple[str, list[str]]]:
    def group(name: str) -> str:
        return name.rpartition(":")[0]

    for key, members in groupby(sorted(names, key=group), group):
        yield key, list(members)


def _signals(
    prefix: str, names: list[str], records: Mapping[str, Served]
) -> Iterator[SignalR | SignalRW | SignalX]:
    for name in names:
        record, pv = records[prefix + name], prefix + name
        called = {"name": _pascal(name), "label": name.rpartition(":")[2].removesuffix("_RBV")}
        if name in BUTTONS:
            yield SignalX(**called, write_pv=pv, value="1")
        elif record.put is None:
            yield SignalR(**called, read_pv=pv, read_widget=_read(record))
        else:
            shown = pv + "_RBV" if pv + "_RBV" in records else ""
            yield SignalRW(
                **called,
                write_pv=pv,
                write_widget=ComboBox()
                if isinstance(record, ChannelEnum)
                else TextWrite(format=_format(record)),
                read_pv=shown,
                read_widget=_read(record) if shown else None,
            )


def _read(record: Served) -> TextRead:
    return TextRead(format=_format(record))


def _format(record: Served) -> TextFormat | None:
    # A string is a CHAR waveform, which Phoebus would show as numbers.
    return TextFormat.string if isinstance(record, Text) else None


def _pascal(name: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in re.split("[_:.]", name.removesuffix("_RBV")))
