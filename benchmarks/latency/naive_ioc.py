"""The peer: a caproto IOC as its documentation has them, with what a point of ours does, and nothing else.

Two axes with readbacks, a spectrum of 1024 channels that takes its dwell time, written to an HDF5 file and
flushed. No limits, no blanker, no lock, no child process.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from caproto.asyncio.server import Context
from caproto.server import PVGroup, pvproperty

CHANNELS = 1024


class NaiveIOC(PVGroup):  # type: ignore[misc]
    """Process variables of one point."""

    x = pvproperty(value=0.0, name="Scan:X", dtype=float)
    x_readback = pvproperty(value=0.0, name="Scan:X_RBV", dtype=float, read_only=True)
    y = pvproperty(value=0.0, name="Scan:Y", dtype=float)
    y_readback = pvproperty(value=0.0, name="Scan:Y_RBV", dtype=float, read_only=True)
    acquire = pvproperty(value=0, name="EELS:cam1:Acquire", dtype=int)
    counter = pvproperty(value=0, name="EELS:cam1:ArrayCounter_RBV", dtype=int, read_only=True)
    spectrum = pvproperty(
        value=[0.0] * CHANNELS, name="EELS:image1:ArrayData", dtype=float, max_length=CHANNELS, read_only=True
    )
    total = pvproperty(value=0.0, name="EELS:Stats1:Total_RBV", dtype=float, read_only=True)

    def __init__(self, path: Path, dwell: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._dwell = dwell
        self._rng = np.random.default_rng(0)
        self._file = h5py.File(path, "w", libver="latest")
        self._data = self._file.create_dataset(
            "/entry/data/data", (0, CHANNELS), "f8", maxshape=(None, CHANNELS), chunks=(1, CHANNELS)
        )
        self._file.swmr_mode = True

    @x.putter
    async def x(self, _: Any, value: float) -> float:
        """Move."""
        await self.x_readback.write(value)
        return value

    @y.putter
    async def y(self, _: Any, value: float) -> float:
        """Move."""
        await self.y_readback.write(value)
        return value

    @acquire.putter
    async def acquire(self, _: Any, value: int) -> int:
        """Wait for the dwell time, write, publish."""
        await asyncio.sleep(self._dwell)
        spectrum = self._rng.poisson(30.0, CHANNELS).astype(float)
        count = len(self._data)
        self._data.resize(count + 1, axis=0)
        self._data[count] = spectrum
        self._data.flush()
        await self.spectrum.write(spectrum)
        await self.total.write(float(spectrum.sum()))
        await self.counter.write(count + 1)
        return 0


class PromptContext(Context):  # type: ignore[misc]
    """The same server with Nagle's algorithm off."""

    async def tcp_handler(self, client: Any, address: Any) -> None:
        """Switch it off for each connection."""
        client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().tcp_handler(client, address)


async def serve(prefix: str, path: Path, dwell: float, prompt: bool) -> None:
    """Serve until the process is ended; prints the port."""
    ioc = NaiveIOC(path, dwell, prefix=prefix)
    context = (PromptContext if prompt else Context)(ioc.pvdb, ["127.0.0.1"])

    async def announce(_: Any) -> None:
        print(context.port, flush=True)

    await context.run(log_pv_names=False, startup_hook=announce)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "prompt"))
