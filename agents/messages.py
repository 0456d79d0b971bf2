"""Messages between an agent's process and its parent: JSON, with arrays as raw bytes behind it."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

import numpy as np

SIZE = struct.Struct("<Q")


def send(stream: IO[bytes], message: Any) -> None:
    """Write `message`: what JSON holds (tuples come out as lists), and arrays of numbers, anywhere in it."""
    arrays: list[np.ndarray[Any, np.dtype[Any]]] = []

    def place(value: Any) -> Any:
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            arrays.append(np.ascontiguousarray(value))
            return {"__array__": [value.dtype.str, list(value.shape)]}
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(
            f"{type(value).__name__} can't be sent to or from an agent: send numbers, text, arrays"
        )

    header = json.dumps(message, default=place).encode()
    stream.write(SIZE.pack(len(header)) + header)
    for array in arrays:
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises
    ------
    EOFError
        If the stream ended.
    """

    def fill(value: dict[str, Any]) -> Any:
        if "__array__" not in value:
            return value
        dtype, shape = value["__array__"]
        empty = np.empty(shape, dtype)
        return np.frombuffer(_read(stream, empty.nbytes), dtype).reshape(shape)

    (size,) = SIZE.unpack(_read(stream, SIZE.size))
    # Objects are filled in the order they were written in, which is that of the arrays.
    return json.loads(_read(stream, size), object_hook=fill)


def _read(stream: IO[bytes], size: int) -> bytearray:
    data = bytearray()
    while len(data) < size:
        chunk = stream.read(size - len(data))
        if not chunk:
            raise EOFError("the other end closed the pipe")
        data += chunk
    return data
