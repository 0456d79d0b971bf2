"""How clients reach the IOCs: addresses, client layer and finite time-outs, set before anything connects."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MAX_ARRAY_BYTES = 2**28  # a 4096 x 4096 image in double precision, twice


@dataclass(frozen=True)
class Timeouts:
    """What a client waits for at most [s]; ophyd's own defaults wait for ever for a put.

    The three add up to less than the ten seconds in which a frozen or dead IOC has to fail a run.
    """

    connection: float = 3.0
    read: float = 3.0
    write: float = 8.0


def use_channel_access(
    addresses: Sequence[str] = ("127.0.0.1:5064",),
    *,
    layer: Literal["caproto", "pyepics"] = "caproto",
    timeouts: Timeouts | None = None,
) -> None:
    """Choose the IOCs that process variables are looked for at, and ophyd's client layer.

    Call it before the first device is made. It may be called again with other addresses (caproto only) and,
    while there are no devices, with other time-outs.

    Parameters
    ----------
    addresses
        ``host:port`` of each IOC. Nothing else is searched: no broadcasts, so that another microscope with
        the same prefix is never found by accident.
    layer
        Client library. "pyepics" reads the addresses when it is loaded, which `import ophyd` may do.
    timeouts
        Defaults of all signals.

    Raises
    ------
    ValueError
        If an address has no port or there is none.
    RuntimeError
        If pyepics has been loaded with other addresses, or devices exist with other time-outs.
    """
    text = _address_list(addresses)
    environment = {
        "EPICS_CA_ADDR_LIST": text,
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_MAX_ARRAY_BYTES": str(MAX_ARRAY_BYTES),
        # ophyd picks a layer when it is imported: this one, instead of loading the others first
        "OPHYD_CONTROL_LAYER": layer,
    }
    if layer == "pyepics" and "epics" in sys.modules and os.environ.get("EPICS_CA_ADDR_LIST") != text:
        raise RuntimeError(
            f"pyepics has been loaded with EPICS_CA_ADDR_LIST={os.environ.get('EPICS_CA_ADDR_LIST')!r}: "
            f"set EPICS_CA_ADDR_LIST='{text}' before Python starts, or use the caproto layer"
        )
    os.environ.update(environment)

    # not at the top: the import itself starts a client layer, which reads the environment
    import ophyd
    from ophyd.signal import EpicsSignalBase

    if ophyd.get_cl().name != layer:
        ophyd.set_cl(layer)
    wanted = timeouts or Timeouts()
    if _defaults(EpicsSignalBase) != wanted:
        try:
            EpicsSignalBase.set_defaults(
                connection_timeout=wanted.connection, timeout=wanted.read, write_timeout=wanted.write
            )
        except RuntimeError:
            raise RuntimeError(
                "devices exist already, with other time-outs: call use_channel_access before making any"
            ) from None


def _address_list(addresses: Sequence[str]) -> str:
    if not addresses:
        raise ValueError("no IOC address: give at least one host:port")
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"IOC address {address!r} is not host:port, e.g. 127.0.0.1:5064")
    return " ".join(addresses)


def _defaults(signals: type) -> Timeouts:
    # ophyd offers no getter for the defaults of the class
    connection, read, write = (
        getattr(signals, f"_EpicsSignalBase__default_{name}")
        for name in ("connection_timeout", "timeout", "write_timeout")
    )
    return Timeouts(connection, read, write)
