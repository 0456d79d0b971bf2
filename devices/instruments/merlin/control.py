"""Merlin's control socket: one command, one answer, in text."""

from __future__ import annotations

import socket
import threading

from ..protocol import InstrumentError

PREFIX = 15  # bytes of "MPX," and ten digits and ","
PATIENCE = 3.0  # [s]
REFUSALS = {
    "1": "is busy",
    "2": "does not know it",
    "3": "says that it is out of range",
}


class MerlinControl:
    """Sets parameters and gives commands; connects when it is first used, and again after a failure.

    Parameters
    ----------
    host, port
        Of Merlin's control socket.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __del__(self) -> None:
        self.close()

    def set(self, name: str, value: str | float) -> None:
        """Set a parameter.

        Raises
        ------
        InstrumentError
            If Merlin refuses it, or does not answer.
        """
        self._ask(f"SET,{name},{value}", 3)

    def get(self, name: str) -> str:
        """Read a parameter."""
        return self._ask(f"GET,{name}", 4)[2]

    def command(self, name: str) -> None:
        """Give a command."""
        self._ask(f"CMD,{name}", 3)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, request: str, parts: int) -> list[str]:
        with self._lock:
            known = self._socket is not None and not request.startswith("CMD")
            try:
                try:
                    answer = self._exchange(request, parts)
                except (OSError, ValueError):
                    self.close()
                    if not known:
                        raise
                    answer = self._exchange(request, parts)  # Merlin was restarted; a setting may come twice
            except (OSError, ValueError) as error:
                self.close()
                host, port = self._address
                raise InstrumentError(
                    f"Merlin's control at {host}:{port} does not answer {request!r} ({error}): "
                    "start Merlin's software, or correct the address"
                ) from error
        if answer[-1] != "0":
            raise InstrumentError(f"Merlin {REFUSALS.get(answer[-1], 'refuses')}: {request}")
        return answer

    def _exchange(self, request: str, parts: int) -> list[str]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, PATIENCE)
        self._socket.sendall(f"MPX,{len(request) + 1:010d},{request}".encode("ascii"))
        prefix = self._read(PREFIX)
        if not prefix.startswith(b"MPX,"):
            raise ValueError(f"it sent {prefix!r}")
        answer = self._read(int(prefix[4:14]) - 1).decode("ascii").split(",")
        if answer[-1] == "":  # libertem-live's simulator does not count the comma in front
            answer[-1] = self._read(1).decode("ascii")
        if len(answer) != parts:
            raise ValueError(f"it sent {','.join(answer)!r}")
        return answer

    def _read(self, size: int) -> bytes:
        assert self._socket is not None
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ValueError("it closed the connection")
            data += more
        return data
