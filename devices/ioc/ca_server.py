"""Channel Access over caproto, without its delays and its broadcasts."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import Any

from caproto.asyncio.server import Context, _TransportWrapper

from .circuit import Circuit


class CannotListen(Exception):
    """The port or the address can't be had; the message says which, and what to do."""


class Server(Context):  # type: ignore[misc]
    """Serves records on one interface and one port, TCP and UDP.

    caproto's own `Context.run` leaves Nagle's algorithm on (22 ms a put instead of 0.6), takes another TCP
    port when the wanted one is taken, sends beacons to the broadcast address and leaves its sockets open.

    Parameters
    ----------
    pvdb
        Records by full name.
    interface
        Address to listen on.
    port
        0 chooses a free one.
    """

    CircuitClass = Circuit

    def __init__(self, pvdb: dict[str, Any], interface: str, port: int) -> None:
        super().__init__(pvdb, [interface])
        self._interface = interface
        self._listen_port = port
        self._server: asyncio.Server | None = None
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen, and begin to serve.

        Raises
        ------
        CannotListen
            If that is not possible there.
        """
        try:
            self._server = await asyncio.start_server(
                self._accept, self._interface, self._listen_port, reuse_address=True
            )
            self.port = self.ca_server_port = self._server.sockets[0].getsockname()[1]
            await self._create_broadcaster_transport(self._interface)
        except OSError as error:
            raise CannotListen(_reason(error, self._interface, self._listen_port)) from None
        self.broadcaster.server_addresses.append((self._interface, self.port))
        for loop in (
            self.broadcaster_receive_loop,
            self.broadcaster_queue_loop,
            self.subscription_queue_loop,
        ):
            self._loops.append(asyncio.create_task(loop()))

    async def stop(self) -> None:
        """Disconnect the clients and stop listening."""
        if self._server is not None:
            self._server.close()
        for circuit in tuple(self.circuits):
            circuit.client.close()
            await circuit.tasks.cancel_all(wait=True)
        await self.server_tasks.cancel_all(wait=True)
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        for transport in self.udp_socks.values():
            transport.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _TransportWrapper(reader, writer)
        self.server_tasks.create(self.tcp_handler(client, client.getpeername()))


def _reason(error: OSError, interface: str, port: int) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"interface {interface} is no address of this machine: set it to 127.0.0.1, or to one that "
            "`ip address` shows"
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {interface}: already in use, perhaps by another IOC; "
            "stop that, or set the port to 0 to choose a free one"
        )
    return f"port {port} on {interface}: {error.strerror}; set the port to 0 to choose a free one"


def quiet() -> None:
    """Keep caproto from telling of every client that comes and goes."""
    logging.getLogger("caproto").setLevel(logging.CRITICAL)
