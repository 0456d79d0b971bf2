from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import caproto as ca
import pytest
from caproto.server import common

from stemline.devices.ioc.ca_server import Server, quiet
from stemline.devices.ioc.records import Records


class Wire:
    """One connection of a client that decides which requests share a packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.circuit = ca.VirtualCircuit(ca.CLIENT, ("127.0.0.1", 1), 0)
        self.arrived: list[Any] = []
        self.send(ca.VersionRequest(0, 13), ca.HostNameRequest("host"), ca.ClientNameRequest("user"))

    def send(self, *commands: Any) -> None:
        self.writer.write(b"".join(bytes(part) for part in self.circuit.send(*commands)))

    async def next(self, kind: type) -> Any:
        while True:
            while self.arrived:
                command = self.arrived.pop(0)
                self.circuit.process_command(command)
                if isinstance(command, kind):
                    return command
            commands, _ = self.circuit.recv(await self.reader.read(4096))
            self.arrived += commands

    async def channel(self, name: str) -> ca.ClientChannel:
        channel = ca.ClientChannel("T1:" + name, self.circuit)
        self.send(channel.create())
        await self.next(ca.CreateChanResponse)
        return channel


class Bench:
    """A server of a number that needs no driver, and one whose puts wait for `release`."""

    def __init__(self) -> None:
        self.records = Records("T1:", {})
        self.release = asyncio.Event()
        self.number = self.records.number("Number", 1.0, put=self._nothing)
        self.records.number("Slow", 1.0, put=self._wait)
        self.server = Server(self.records.pvdb, "127.0.0.1", 0)
        self.wires: list[Wire] = []

    async def connect(self) -> Wire:
        self.wires.append(Wire(*await asyncio.open_connection("127.0.0.1", self.server.port)))
        return self.wires[-1]

    async def stop(self) -> None:
        self.release.set()
        for wire in self.wires:
            wire.writer.close()
        await self.server.stop()

    async def _nothing(self, _: float) -> None:
        pass

    async def _wait(self, _: float) -> None:
        await self.release.wait()


@asynccontextmanager
async def served() -> AsyncIterator[Bench]:
    quiet()
    bench = Bench()
    await bench.server.start()
    try:
        yield bench
    finally:
        await bench.stop()


@pytest.fixture
def play() -> Callable[[Callable[[Bench], Awaitable[None]]], None]:
    def run(script: Callable[[Bench], Awaitable[None]]) -> None:
        async def main() -> None:
            async with served() as bench:
                await asyncio.wait_for(script(bench), 5)

        asyncio.run(main())

    return run


def test_a_get_in_the_packet_of_a_put_gives_what_was_put(play):
    async def script(bench):
        wire = await bench.connect()
        number = await wire.channel("Number")
        wire.send(number.write((5.0,), notify=False), number.read())
        assert (await wire.next(ca.ReadNotifyResponse)).data[0] == 5.0

    play(script)


def test_requests_of_one_packet_are_answered_in_order(play):
    async def script(bench):
        wire = await bench.connect()
        slow, number = await wire.channel("Slow"), await wire.channel("Number")
        put = number.write((5.0,), ioid=8, notify=True)
        wire.send(slow.read(ioid=7), put, number.read(ioid=9), number.read(ioid=10))
        answers, _ = wire.circuit.recv(await wire.reader.read(4096))
        while len(answers) < 4:
            answers += wire.circuit.recv(await wire.reader.read(4096))[0]
        kinds = [(type(answer), answer.ioid) for answer in answers]
        gets = [ioid for kind, ioid in kinds if kind is ca.ReadNotifyResponse]
        assert gets == [7, 9, 10]
        assert (ca.WriteNotifyResponse, 8) in kinds
        assert [answer.data[0] for answer in answers if answer.ioid in (9, 10)] == [5.0, 5.0]

    play(script)


def test_a_channel_that_is_cleared_after_a_get_is_read_before(play):
    async def script(bench):
        wire = await bench.connect()
        number = await wire.channel("Number")
        wire.send(number.read(), number.clear())
        assert (await wire.next(ca.ReadNotifyResponse)).data[0] == 1.0
        await wire.next(ca.ClearChannelResponse)

    play(script)


def test_a_get_does_not_wait_for_a_put_in_progress(play, monkeypatch):
    monkeypatch.setattr(common, "WRITE_LOCK_TIMEOUT", 60.0)

    async def script(bench):
        wire = await bench.connect()
        slow, number = await wire.channel("Slow"), await wire.channel("Number")
        wire.send(slow.write((5.0,), notify=True))
        wire.send(number.read())
        assert (await wire.next(ca.ReadNotifyResponse)).data[0] == 1.0
        bench.release.set()
        assert (await wire.next(ca.WriteNotifyResponse)).status.success

    play(script)


def test_updates_are_sent_when_they_are_made(play, monkeypatch):
    monkeypatch.setattr(common, "HIGH_LOAD_TIMEOUT", 60.0)

    async def script(bench):
        wire = await bench.connect()
        number = await wire.channel("Number")
        wire.send(number.subscribe())
        assert (await wire.next(ca.EventAddResponse)).data[0] == 1.0
        for value in (2.0, 3.0):
            await bench.number.show(value)
            assert (await wire.next(ca.EventAddResponse)).data[0] == value

    play(script)


@pytest.mark.parametrize("abrupt", [False, True])
def test_a_client_that_goes_is_forgotten_and_the_others_are_served(play, abrupt):
    async def script(bench):
        stays, goes = await bench.connect(), await bench.connect()
        number = await stays.channel("Number")
        slow = await goes.channel("Slow")
        watched = await goes.channel("Number")
        goes.send(watched.subscribe(), slow.write((5.0,), notify=True))
        await goes.next(ca.EventAddResponse)
        assert len(bench.server.circuits) == 2
        if abrupt:
            goes.writer.transport.abort()
        else:
            goes.writer.close()
        while len(bench.server.circuits) > 1:
            await asyncio.sleep(0.001)
        bench.release.set()
        await bench.number.show(3.0)
        stays.send(number.read())
        assert (await stays.next(ca.ReadNotifyResponse)).data[0] == 3.0

    play(script)


def test_nonsense_ends_the_connection_that_it_came_from(play):
    async def script(bench):
        stays, raves = await bench.connect(), await bench.connect()
        number = await stays.channel("Number")
        await raves.channel("Number")
        raves.writer.write(b"\x77\x77" + bytes(14))  # there is no such command
        while await raves.reader.read(4096):
            pass
        stays.send(number.read())
        assert (await stays.next(ca.ReadNotifyResponse)).data[0] == 1.0

    play(script)
