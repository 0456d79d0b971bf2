"""The driver's end of the connection to the Nion server."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import Pyro5.api
import Pyro5.errors

from ..protocol import Aborted, InstrumentError
from .wire import OBJECT, SERIALIZER, NionError, register_errors

# [s] A frozen server is noticed after this. Nothing takes longer than half a second there, and a run that
# fails has to say so within 10 s, the order to blank included.
PATIENCE = 2.5
WAIT = 0.4  # [s] that the server keeps a question after an acquisition, so that the end is told at once


class Connection:
    """Asks the server; each thread has its own socket, so that an abort is never behind anything.

    A lost connection is made anew by the next question: a restarted server needs no restarted driver.

    Parameters
    ----------
    address
        "host:port".
    token
        What the server wants to be shown.
    certificate
        PEM of the server, which has to show it then: TLS.
    """

    def __init__(self, address: str, token: str, certificate: Path | None = None) -> None:
        self.address = address
        self._token = token
        self._threads = threading.local()
        Pyro5.config.SERIALIZER = SERIALIZER
        if certificate is not None:
            Pyro5.config.SSL = True
            Pyro5.config.SSL_CACERTS = str(certificate)
        register_errors()

    def call(self, method: str, *arguments: Any) -> Any:
        """Ask, and wait for the answer.

        Raises
        ------
        InstrumentError
            If the server refuses, or does not answer.
        """
        try:
            return self._proxy()._pyroInvoke(method, arguments, {})
        except NionError as error:
            raise InstrumentError(f"Nion: {error}") from error
        except Pyro5.errors.TimeoutError as error:
            raise InstrumentError(
                f"the Nion server at {self.address} has not answered for {PATIENCE:g} s: "
                "is it frozen? restart it"
            ) from error
        except Pyro5.errors.ConnectionClosedError as error:
            raise InstrumentError(
                f"the Nion server at {self.address} has gone: restart it, the next run connects by itself"
            ) from error
        except (Pyro5.errors.PyroError, OSError) as error:
            raise InstrumentError(self._no_connection(error)) from error

    def acquire(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        """Start an acquisition and wait for its result, however long it takes.

        Raises
        ------
        Aborted
            If `abort` ended it.
        InstrumentError
            If it failed, or the server did.
        """
        return self.finish(kind, self.start(kind, request))

    def start(self, kind: str, request: dict[str, Any]) -> int:
        """Start an acquisition and return its number."""
        number: int = self.call("start", kind, request)
        return number

    def finish(self, kind: str, number: int) -> dict[str, Any]:
        """Wait for the result of an acquisition."""
        while (answer := self.poll(kind, number))["state"] == "running":
            pass
        result: dict[str, Any] = answer["result"]
        return result

    def poll(self, kind: str, number: int) -> dict[str, Any]:
        """Wait a moment for the end of an acquisition; the answer says how it is.

        Raises
        ------
        Aborted
            If `abort` ended it.
        InstrumentError
            If it failed, or the server did.
        """
        answer: dict[str, Any] = self.call("poll", number, WAIT)
        if answer["state"] == "aborted":
            raise Aborted(f"the {kind} was aborted: its data are discarded")
        return answer

    def abort(self, kind: str) -> None:
        """End an acquisition of this kind, from any thread."""
        self.call("abort", kind)

    def _proxy(self) -> Any:
        proxy = getattr(self._threads, "proxy", None)
        if proxy is None:
            proxy = self._threads.proxy = Pyro5.api.Proxy(f"PYRO:{OBJECT}@{self.address}")
            proxy._pyroTimeout = PATIENCE
            proxy._pyroHandshake = {"token": self._token}
            proxy._pyroMaxRetries = 0  # nothing is asked twice: a move or an exposure may have happened
        if proxy._pyroConnection is None:
            proxy._pyroBind()
        return proxy

    def _no_connection(self, error: Exception) -> str:
        text = " ".join(str(error).split())
        if "wrong token" in text:
            return (
                f"the Nion server at {self.address} refuses the token: "
                "use the token file that it was started with"
            )
        if isinstance(error, Pyro5.errors.CommunicationError) and "refused" in text:
            return f"no Nion server at {self.address}: start it (make nion-server), or correct `address`"
        return f"the Nion server at {self.address} can't be asked: {text}"
