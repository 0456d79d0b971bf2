"""Linux waits for the disk, without a thread of ours.

A thread would fight with the RunEngine's two for Python's lock, twice an event; asynchronous input and output
(io_submit(2) with ``IOCB_CMD_FDSYNC``) is two short calls.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import sys

from .syncer import Synced, Syncer, ThreadSyncer

# io_setup, io_destroy, io_getevents, io_submit; C libraries have no functions for them.
CALLS = {"x86_64": (206, 207, 208, 209), "aarch64": (0, 1, 4, 2)}
FDSYNC = 3  # IOCB_CMD_FDSYNC of linux/aio_abi.h


class Request(ctypes.Structure):
    """A ``struct iocb``, as it is on machines that are little-endian."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("key", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("operation", ctypes.c_uint16),
        ("priority", ctypes.c_int16),
        ("descriptor", ctypes.c_uint32),
        ("rest", ctypes.c_uint64 * 5),
    )


class Event(ctypes.Structure):
    """A ``struct io_event``."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("request", ctypes.c_uint64),
        ("result", ctypes.c_int64),
        ("more", ctypes.c_int64),
    )


class KernelSyncer:
    """See `Syncer`.

    Raises
    ------
    OSError
        If this machine can't: another system, or a container that forbids it.
    """

    def __init__(self) -> None:
        if sys.platform != "linux" or platform.machine() not in CALLS:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        setup, self._destroy, self._getevents, self._submit = map(ctypes.c_long, CALLS[platform.machine()])
        self._call = ctypes.CDLL(None, use_errno=True).syscall
        # Keeps Python's lock: to hand in a request takes a microsecond.
        self._call_at_once = ctypes.PyDLL(None, use_errno=True).syscall
        self._context, self._one = ctypes.c_ulong(0), ctypes.c_long(1)
        _check(self._call(setup, self._one, ctypes.byref(self._context)))
        self._request, self._event = Request(operation=FDSYNC), Event()
        self._requests = (ctypes.POINTER(Request) * 1)(ctypes.pointer(self._request))
        self._file: Synced | None = None

    def begin(self, file: Synced) -> None:
        """See `Syncer`."""
        self.wait()
        self._request.descriptor = file.descriptor
        try:
            _check(self._call_at_once(self._submit, self._context, self._one, self._requests))
            self._file = file
        except OSError:
            # Few file systems can't do it in the background.
            try:
                file.sync()
            except OSError as error:
                file.trouble = error

    def wait(self) -> None:
        """See `Syncer`."""
        if self._file is None:
            return
        done = False
        while not done:
            with contextlib.suppress(InterruptedError):
                _check(
                    self._call(
                        self._getevents, self._context, self._one, self._one, ctypes.byref(self._event), None
                    )
                )
                done = True
        if (result := self._event.result) < 0:
            self._file.trouble = OSError(-result, os.strerror(-result))
        self._file = None

    def close(self) -> None:
        """See `Syncer`."""
        self.wait()
        self._call(self._destroy, self._context)


def make_syncer() -> Syncer:
    """Make the best one that this machine has."""
    try:
        return KernelSyncer()
    except OSError:
        return ThreadSyncer()


def _check(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
