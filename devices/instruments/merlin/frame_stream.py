"""Merlin's data socket: messages of a known length, whole frames taken out of them as many as have come."""

from __future__ import annotations

import select
import socket
import threading
import time

import numpy as np
from numpy.typing import NDArray

from ..protocol import Aborted, InstrumentError
from .control import PREFIX
from .frame_header import FrameHeader, parse_frame_header

BUFFER = 32 * 2**20  # bytes read at a time, at most
LOOK = 0.05  # [s] between two looks at whether it was aborted


class FrameStream:
    """For each acquisition its header, then its frames in order.

    Parameters
    ----------
    host, port
        Of Merlin's data socket.
    """

    def __init__(self, host: str, port: int) -> None:
        self._name = f"Merlin's data at {host}:{port}"
        self._aborted = threading.Event()
        self._rest: bytes | memoryview = b""
        self._header: FrameHeader | None = None
        self._next = 1
        try:
            self._socket = socket.create_connection((host, port), 3.0)
        except OSError as error:
            raise InstrumentError(
                f"{self._name} can't be had ({error}): start Merlin's software, or correct the address"
            ) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 2**20)
        self._socket.settimeout(LOOK)

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()

    def abort(self) -> None:
        """End what is being read, from another thread."""
        self._aborted.set()

    def close(self) -> None:
        """Close the connection, and lose with it what else comes: the next acquisition shall not see it."""
        self._socket.close()

    def begin(self) -> bool:
        """Get ready for an acquisition; says whether the connection is there, with nothing left in it."""
        self._header, self._next, self._aborted = None, 1, threading.Event()
        readable, _, _ = select.select([self._socket], [], [], 0)  # the end of a connection is readable too
        return not readable and not len(self._rest)

    def header(self, patience: float) -> str:
        """Read the acquisition's header, which comes once Merlin is armed; `patience` [s]."""
        payload = self._message(patience)
        if not payload.startswith(b"HDR"):
            raise InstrumentError(f"{self._name} begins with {payload[:16]!r}, no header")
        return payload.decode("latin-1")

    def block(self, most: int, patience: float | None) -> NDArray[np.generic]:
        """Wait for a frame, and take all that have come, ``(n, ky, kx)``, `most` at most.

        Parameters
        ----------
        most
            Frames that are wanted.
        patience
            Longest wait for the first [s]; None waits until `abort`.

        Raises
        ------
        InstrumentError
            If a frame is missing or is no frame, or none comes.
        Aborted
            After `abort`.
        """
        if self._header is None:
            first = self._message(patience, keep=True)
            self._header = self._parsed(first)
        header = self._header
        size = PREFIX + header.size
        buffer = np.empty(max(size, min(most * size, BUFFER // size * size)), np.uint8)
        view = buffer.data
        filled = min(len(self._rest), len(buffer))
        view[:filled] = self._rest[:filled]
        rest, self._rest = self._rest[filled:], b""
        while filled < size:
            filled += self._receive_into(view[filled:], patience)
        count = filled // size
        if count * size < filled or len(rest):
            self._rest = bytes(view[count * size : filled]) + bytes(rest)
        messages = buffer[: count * size].reshape(count, size)
        self._check(messages, header)
        pixels = messages[:, PREFIX + header.offset :].view(header.dtype)
        return pixels.reshape(count, *header.shape).astype(header.dtype.newbyteorder("="))

    def _check(self, messages: NDArray[np.uint8], header: FrameHeader) -> None:
        expected = np.frombuffer(f"MPX,{header.size + 1:010d},".encode(), np.uint8)
        if not (messages[:, :PREFIX] == expected).all():
            bad = int(np.flatnonzero((messages[:, :PREFIX] != expected).any(axis=1))[0])
            start = bytes(messages[bad, :PREFIX])
            raise InstrumentError(
                f"{self._name} sent {start!r} after frame {self._next + bad - 1}, not a frame"
            )
        for message in messages:
            found = self._parsed(message[PREFIX : PREFIX + 128].tobytes())
            if found.sequence != self._next:
                raise InstrumentError(
                    f"{self._name} sent frame {found.sequence} where {self._next} was due: frames were lost"
                )
            if (found.shape, found.dtype) != (header.shape, header.dtype):
                raise InstrumentError(f"{self._name}: frame {found.sequence} has another shape or type")
            self._next += 1

    def _parsed(self, data: bytes) -> FrameHeader:
        try:
            return parse_frame_header(data)
        except ValueError as error:
            raise InstrumentError(f"{self._name}: {error}") from error

    def _message(self, patience: float | None, keep: bool = False) -> bytes:
        """Read one message; `keep` leaves it to be read again."""
        prefix = self._exactly(PREFIX, patience)
        if not (prefix.startswith(b"MPX,") and prefix[4:14].isdigit()):
            raise InstrumentError(f"{self._name} sent {prefix!r}, not a message: is this Merlin's data port?")
        payload = self._exactly(int(prefix[4:14]) - 1, patience)
        if keep:
            self._rest = prefix + payload + bytes(self._rest)
        return payload

    def _exactly(self, size: int, patience: float | None) -> bytes:
        data = bytearray(self._rest[:size])
        self._rest = self._rest[size:]
        filled = len(data)
        data.extend(bytes(size - filled))
        while filled < size:
            filled += self._receive_into(memoryview(data)[filled:], patience)
        return bytes(data)

    def _receive_into(self, view: memoryview, patience: float | None) -> int:
        began = time.monotonic()
        while not self._aborted.is_set():
            try:
                got = self._socket.recv_into(view)
            except TimeoutError:
                if patience is not None and time.monotonic() - began > patience:
                    raise InstrumentError(
                        f"{self._name} sent nothing for {patience:.3g} s after {self._next - 1} frames: "
                        "is it frozen, or not triggered?"
                    ) from None
                continue
            except OSError as error:
                raise InstrumentError(
                    f"{self._name} was lost after {self._next - 1} frames: {error}"
                ) from error
            if got == 0:
                raise InstrumentError(
                    f"{self._name} ended after {self._next - 1} frames, within one or before the last: "
                    "look at Merlin's software"
                )
            return got
        raise Aborted("the stream of frames was aborted")
