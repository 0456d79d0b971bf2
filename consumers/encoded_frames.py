"""Frames of a pixel-array detector as the catalog has them: encoded, a hundredth of the bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from tiled.client.array import ArrayClient
from tiled.client.utils import handle_error

from stemline.analysis.codecs import decode, read_header, split_chunks
from stemline.analysis.reduce import Block

Frames = NDArray[np.unsignedinteger]
AT_ONCE = 1024  # frames a request: some hundred kB to some ten MB


def encoded_blocks(frames: ArrayClient, start: int = 0, stop: int | None = None) -> Iterator[Block]:
    """Ask the catalog for the chunks that hold frames `start` to `stop`, ready for `analysis.reduce`.

    The first and last one are whole: they may begin before `start` and end after `stop`.

    Parameters
    ----------
    frames
        Of a run: ``run["primary/pixel_array_image"]``.
    start, stop
        Frames; all by default.

    Raises
    ------
    httpx.HTTPStatusError
        If the catalog has no such frames, or not encoded (406).
    CorruptChunk
        If an answer was cut off or a chunk is damaged.
    """
    stop = frames.shape[0] if stop is None else stop
    while start < stop:
        first, answer = _ask(frames, start, min(start + AT_ONCE, stop))
        for chunk in split_chunks(answer):
            yield Block(first, chunk)
            first += read_header(chunk).frames
        start = first


def read_encoded(frames: ArrayClient, start: int = 0, stop: int | None = None) -> Frames:
    """Read frames ``(stop - start, ky, kx)``, decoded here; raises as `encoded_blocks` does."""
    stop = frames.shape[0] if stop is None else stop
    read = np.empty((stop - start, *frames.shape[1:]), frames.dtype)
    for block in encoded_blocks(frames, start, stop):
        decoded = decode(block.frames)  # type: ignore[arg-type]
        low, high = max(start, block.start), min(stop, block.start + len(decoded))
        read[low - start : high - start] = decoded[low - block.start : high - block.start]
    return read


def _ask(frames: ArrayClient, start: int, stop: int) -> tuple[int, bytes]:
    link = frames.item["links"]["self"].replace("/metadata/", "/stemline/chunks/", 1)
    answer = handle_error(
        frames.context.http_client.get(link, params={"start": start, "stop": stop}, headers={"Accept": "*/*"})
    )
    return int(answer.headers["Stemline-First-Row"]), answer.content
