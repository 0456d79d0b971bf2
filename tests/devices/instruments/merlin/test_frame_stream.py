"""The stream's rules, with bytes written by hand over a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from stemline.devices.instruments.merlin.frame_header import parse_frame_header
from stemline.devices.instruments.merlin.frame_stream import FrameStream
from stemline.devices.instruments.protocol import Aborted, InstrumentError


def message(payload: bytes) -> bytes:
    return f"MPX,{len(payload) + 1:010d},".encode() + payload


def frame(number: int, kind: str = "U16", value: int = 7) -> bytes:
    head = f"MQ1,{number:06d},00384,01,0003,0002,{kind},   1x1,01,".encode().ljust(384, b"\0")
    return message(head + np.full((2, 3), value, ">u2").tobytes())


HEADER = message(b"HDR,\nFrames in Acquisition (Number):\t3\nEnd\t")


@pytest.fixture
def stream_of() -> Iterator[Callable[[bytes], FrameStream]]:
    """Give a stream of the bytes, sent a few at a time, after which the connection is closed."""
    open_ones: list[FrameStream] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def make(data: bytes) -> FrameStream:
            def serve() -> None:
                connection, _ = server.accept()
                # a reader that has seen enough closes its end
                with connection, contextlib.suppress(ConnectionError):
                    for start in range(0, len(data), 131):
                        connection.sendall(data[start : start + 131])

            threading.Thread(target=serve, daemon=True).start()
            open_ones.append(FrameStream("127.0.0.1", server.getsockname()[1]))
            return open_ones[-1]

        yield make
        for one in open_ones:
            one.close()


def take(stream: FrameStream, count: int) -> list[np.ndarray]:
    assert stream.header(2.0).startswith("HDR")
    blocks = []
    while (left := count - sum(len(block) for block in blocks)) > 0:
        blocks.append(stream.block(left, 2.0))
    return blocks


def test_frames_in_pieces(stream_of: Callable) -> None:
    blocks = take(stream_of(HEADER + b"".join(frame(n, value=n) for n in range(1, 31))), 30)
    frames = np.concatenate(blocks)
    assert frames.shape == (30, 2, 3)
    assert frames.dtype == np.dtype("u2")
    np.testing.assert_array_equal(frames[:, 1, 2], np.arange(1, 31))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEADER + frame(1) + frame(3), "sent frame 3 where 2 was due"),
        (HEADER + frame(2) + frame(3), "sent frame 2 where 1 was due"),
        (HEADER + frame(1) + frame(1), "sent frame 1 where 2 was due"),
        (HEADER + frame(1) + frame(2)[:200], "ended after 1 frames"),
        (HEADER + frame(1) + b"\x00" * 1000, "not a frame"),
        (HEADER + frame(1, kind="R64"), "FILEFORMAT"),
        (HEADER + message(b"XYZ" * 100), "no frame begins with"),
        (b"HTTP/1.1 400 Bad Request\r\n", "is this Merlin's data port"),
        (frame(1), "no header"),
        (b"", "ended after 0 frames"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(stream_of: Callable, data: bytes, words: str) -> None:
    with pytest.raises(InstrumentError, match=words) as error:
        take(stream_of(data), 3)
    assert "\n" not in str(error.value)


def test_silence_and_abort() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = FrameStream("127.0.0.1", server.getsockname()[1])
        with pytest.raises(InstrumentError, match=r"sent nothing for 0\.1 s"):
            stream.header(0.1)
        threading.Timer(0.1, stream.abort).start()
        with pytest.raises(Aborted):
            stream.block(1, None)
        stream.close()


def test_a_header_is_read() -> None:
    found = parse_frame_header(frame(12)[15:])
    assert (found.sequence, found.offset, found.shape, found.dtype) == (12, 384, (2, 3), np.dtype(">u2"))
    assert found.size == 384 + 12
