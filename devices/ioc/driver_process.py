"""The IOC's end of the connections to the driver's process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instruments.composition import InstrumentConfig
from .description import Description
from .driver_main import EVERYTHING, main

log = logging.getLogger(__name__)

LOST = "the driver's process has ended and the state of the beam is unknown: restart the IOC"
STOP_TIME = 3.0  # [s] that the process gets to blank, close its files and end
INSIST = 0.1  # [s] after which an order to stop is repeated


class DriverError(Exception):
    """The driver failed; the message is its own.

    Attributes
    ----------
    aborted
        Whether it was called off rather than failed.
    answer
        All that the driver's process said.
    """

    def __init__(self, message: str, aborted: bool = False, answer: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.aborted = aborted
        self.answer = answer or {}


class DriverProcess:
    """Starts the process, asks it one thing after the other, and knows when it is gone.

    Parameters
    ----------
    config
        The drivers to compose there.
    lost
        Called once, in the event loop, when the process has ended without being told to.
    """

    def __init__(self, config: InstrumentConfig, lost: Callable[[], None]) -> None:
        self._config = config
        self._lost = lost
        self._numbers = itertools.count()
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._told: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._connections: tuple[Connection, Connection] | None = None
        self._process: BaseProcess | None = None
        self._block: SharedMemory | None = None
        self._owed: float | None = None

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._connections is not None

    @property
    def pid(self) -> int | None:
        """Process id of the driver's process."""
        return None if self._process is None else self._process.pid

    async def start(self, max_pixels: int) -> Description:
        """Start the process and wait until its instrument is there.

        Raises
        ------
        DriverError
            If a driver can't start.
        """
        context = multiprocessing.get_context("spawn")
        requests, child_requests = context.Pipe()
        urgent, child_urgent = context.Pipe()
        process = context.Process(
            target=main,
            args=(child_requests, child_urgent, self._config.model_dump_json()),
            name="stemline-driver",
            daemon=True,
        )
        process.start()
        child_requests.close()
        child_urgent.close()
        self._process, self._connections = process, (requests, urgent)
        loop = asyncio.get_running_loop()
        loop.add_reader(requests.fileno(), self._receive, requests)
        loop.add_reader(urgent.fileno(), self._acknowledge, urgent)
        ready = self._pending[next(self._numbers)] = loop.create_future()
        description = Description.model_validate(await ready)
        self._block = SharedMemory(create=True, size=description.shared(max_pixels))
        await self.post("attach", block=self._block.name)
        return description

    def post(
        self, action: str, *, told: Callable[[dict[str, Any]], None] | None = None, **arguments: Any
    ) -> asyncio.Future[dict[str, Any]]:
        """Ask for one thing; the future holds the answer. `told` is called with what is known before that.

        It fails with `DriverError` if the driver refuses, fails, is called off, or is not there any more.
        """
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if self._connections is None:
            answer.set_exception(DriverError(LOST))
            return answer
        self._pending[number] = answer
        if told is not None:
            self._told[number] = told
        try:
            self._connections[0].send_bytes(json.dumps({"id": number, "do": action, **arguments}).encode())
        except OSError:
            self._end()
        return answer

    def call_off(self) -> None:
        """Blank now, and end all that was asked for so far, whatever the driver is doing."""
        self._insist(max(self._pending, default=-1))

    @property
    def silence(self) -> float:
        """How long it has owed an answer to an order [s]."""
        return 0.0 if self._owed is None else asyncio.get_running_loop().time() - self._owed

    def renew(self, seconds: float) -> None:
        """Let the beam stay on for `seconds` [s] more; its watchdog there blanks when nothing comes."""
        self._send({"renew": seconds})

    def frame(self, answer: dict[str, Any]) -> NDArray[np.generic]:
        """Copy the frame that an answer speaks of out of shared memory."""
        assert self._block is not None
        offset = answer.get("offset", 0)
        return np.ndarray(answer["shape"], np.dtype(answer["dtype"]), self._block.buf, offset).copy()

    def kill(self) -> None:
        """End a process that hangs."""
        if self._process is not None and self.alive:
            self._process.kill()

    async def stop(self) -> None:
        """Blank, end the process, and give back what it used."""
        self._order(EVERYTHING)
        self._lost = _nobody
        self._end()
        if self._process is not None:
            await asyncio.to_thread(self._process.join, STOP_TIME)
            if self._process.is_alive():
                self._process.kill()
                await asyncio.to_thread(self._process.join)
            self._process.close()
            self._process = None
        if self._block is not None:
            self._block.close()
            self._block.unlink()
            self._block = None

    def _insist(self, ticket: int) -> None:
        # A driver's abort does nothing between two of its calls, so repeat it until all has ended.
        self._order(ticket)
        if any(number <= ticket for number in self._pending):
            asyncio.get_running_loop().call_later(INSIST, self._insist, ticket)

    def _order(self, ticket: int) -> None:
        self._send({"ticket": ticket})

    def _send(self, order: dict[str, Any]) -> None:
        if self._connections is None:
            return
        if self._owed is None:
            self._owed = asyncio.get_running_loop().time()
        with contextlib.suppress(OSError):
            self._connections[1].send_bytes(json.dumps(order).encode())

    def _receive(self, requests: Connection) -> None:
        try:
            answer = json.loads(requests.recv_bytes())
        except (EOFError, OSError):
            self._end()
            return
        if "news" in answer:
            if answer["id"] in self._told:
                self._told[answer["id"]](answer["news"])
            return
        future = self._pending.pop(answer["id"])
        self._told.pop(answer["id"], None)
        if answer.get("traceback"):
            log.info("the driver failed: %s", answer["traceback"])
        if future.done():
            return
        if "error" in answer:
            future.set_exception(DriverError(answer["error"], answer["kind"] == "aborted", answer))
        else:
            future.set_result(answer["ok"])

    def _acknowledge(self, urgent: Connection) -> None:
        try:
            answer = json.loads(urgent.recv_bytes())
        except (EOFError, OSError):
            self._end()
            return
        self._owed = None
        if "error" in answer:
            log.error("the beam could not be blanked: %s", answer["error"])

    def _end(self) -> None:
        if self._connections is None:
            return
        for connection in self._connections:
            asyncio.get_running_loop().remove_reader(connection.fileno())
            connection.close()
        self._connections = None
        pending, self._pending = self._pending, {}
        for future in pending.values():
            if not future.done():
                future.set_exception(DriverError(LOST))
        self._lost()


def _nobody() -> None:
    """Tell nobody: the end was asked for."""
