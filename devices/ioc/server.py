"""Running an IOC: as a process until it is told to end, or in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from types import TracebackType

from .ca_server import quiet
from .config import IOCConfig
from .ioc import IOC


def announce(ioc: IOC) -> None:
    """Print one line: what is served, and where."""
    print(
        f"{ioc.config.prefix} {ioc.size} process variables on {ioc.config.interface}:{ioc.port}", flush=True
    )


def serve(config: IOCConfig, ready: Callable[[IOC], None] = announce) -> None:
    """Serve until SIGTERM or SIGINT, then blank, close the files and end the driver's process.

    Parameters
    ----------
    config
        What to serve, and where.
    ready
        Called once clients can connect.

    Raises
    ------
    CannotStart
        One line says why.
    """

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await _run(config, ready, stop)

    asyncio.run(run())


async def _run(config: IOCConfig, ready: Callable[[IOC], None], stop: asyncio.Event) -> None:
    quiet()
    ioc = IOC(config)
    starting = asyncio.create_task(ioc.start())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            ready(ioc)
            await stopping
    finally:
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await ioc.stop()


class IOCThread(contextlib.AbstractContextManager["IOCThread"]):
    """An IOC in a thread of this process, for tests and notebooks; its drivers have their own all the same.

    Parameters
    ----------
    config
        What to serve, and where.

    Attributes
    ----------
    port
        The port it listens on.
    driver_pid
        Process id of the driver's process.
    """

    def __init__(self, config: IOCConfig) -> None:
        self.port = 0
        self.driver_pid: int | None = None
        self._config = config
        self._settled = threading.Event()
        self._error: Exception | None = None
        self._stop: Callable[[], object] = _nothing
        self._thread = threading.Thread(target=self._serve, name="stemline-ioc", daemon=True)

    def __enter__(self) -> IOCThread:
        self._thread.start()
        self._settled.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._thread.join()

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as error:
            self._error = error
        finally:
            self._settled.set()

    async def _run(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        await _run(self._config, self._ready, stop)

    def _ready(self, ioc: IOC) -> None:
        self.port, self.driver_pid = ioc.port, ioc.driver_pid
        self._settled.set()


def _nothing() -> None:
    """Do nothing: there is nothing to stop yet."""
