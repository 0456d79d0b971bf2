"""One long exposure in a run, by a RunEngine in a process of its own: address, prefix, seconds."""

from __future__ import annotations

import sys

import bluesky.plan_stubs as bps
import bluesky.plans as bp
from bluesky import RunEngine

from stemline.devices.channel_access import use_channel_access
from stemline.devices.microscope import connect


def main(address: str, prefix: str, seconds: str) -> None:
    """Expose once."""
    use_channel_access([address])
    eels = connect(prefix).eels
    assert eels is not None
    engine = RunEngine({})
    engine(bps.mv(eels.acquire_time, float(seconds)))
    print("exposing", flush=True)
    engine(bp.count([eels]))
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
