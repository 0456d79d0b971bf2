"""The child process that owns the drivers.

Two connections lead here. Over the first come requests, one after the other, each answered when it is done.
Over the second, served by a thread of its own, comes the order to blank and abort, which works while a
request is in progress, and the renewal of the lease: when that stops to come while the beam is on, the thread
blanks by itself. Messages are JSON; frames go through one block of shared memory. When the IOC is gone, the
beam is blanked and the process ends.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NoReturn

from ..instruments.composition import InstrumentConfig, compose
from .description import describe
from .failure import failure
from .worker import Worker

EVERYTHING = 2**62  # a ticket beyond all others
LINGER = 5.0  # [s] that a driver gets to end what it is doing after the IOC has gone


def main(requests: Connection, urgent: Connection, config: str) -> None:
    """Serve the instrument of `config`, JSON of an `InstrumentConfig`, until the IOC is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the IOC too, which ends this process
    signal.signal(signal.SIGTERM, _terminated)
    try:
        worker = Worker(compose(InstrumentConfig.model_validate_json(config)))
        ready = {"ok": describe(worker.instrument)}
    except Exception as error:
        requests.send_bytes(_pack({"id": 0, **failure(error)}))
        return
    threading.Thread(target=_serve_urgent, args=(urgent, worker), daemon=True).start()
    try:
        requests.send_bytes(_pack({"id": 0, **ready}))
        _serve(requests, worker)
    finally:
        worker.close()
        if worker.broken_files:
            os._exit(0)  # HDF5's own end would crash


def _serve(requests: Connection, worker: Worker) -> None:
    sending = threading.Lock()  # news come from the threads of the drivers too

    def send(message: dict[str, Any]) -> None:
        with sending:
            requests.send_bytes(_pack(message))

    with contextlib.suppress(EOFError, OSError):
        while True:
            request = json.loads(requests.recv_bytes())
            number, action = request.pop("id"), request.pop("do")
            worker.begin(number)
            worker.tell = functools.partial(_tell, send, number)
            try:
                answer = worker.actions[action](**request)
            except Exception as error:
                answer = failure(error)
            send({"id": number, **(answer if "error" in answer else {"ok": answer})})


def _tell(send: Callable[[dict[str, Any]], None], number: int, news: dict[str, Any]) -> None:
    send({"id": number, "news": news})


def _serve_urgent(urgent: Connection, worker: Worker) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            exposing = worker.ticket
            if not urgent.poll(worker.lease):
                # the renewal of an exposure is sent before it: with none in the pipe, this one has lapsed
                if not urgent.poll(0):
                    worker.lapse(exposing)
                continue
            order = json.loads(urgent.recv_bytes())
            answer: dict[str, Any] = {"ok": {}}
            try:
                if "renew" in order:
                    worker.renew(order["renew"])
                else:
                    worker.call_off(order["ticket"])
            except Exception as error:
                answer = failure(error)
            urgent.send_bytes(_pack(answer))
    with contextlib.suppress(Exception):
        worker.call_off(EVERYTHING)
    threading.Event().wait(LINGER)
    os._exit(1)  # the driver hangs, and nobody is left who waits for it


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)  # the beam is blanked and the files are closed on the way out


def _pack(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()
