"""Reductions of a scan's frames, block by block, in any order and on any number of workers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from .codecs import open_chunk
from .codecs.events import Gaps

Frames = NDArray[np.unsignedinteger]
State = TypeVar("State")


@dataclass(frozen=True)
class Block:
    """Consecutive frames of a scan.

    Attributes
    ----------
    start
        Number of the first one.
    frames
        ``(n, ky, kx)`` unsigned, or their electrons, or a chunk that `codecs.encode` made.
    """

    start: int
    frames: Frames | Gaps | bytes | memoryview

    def opened(self) -> Frames | Gaps:
        """Decode a chunk, no further than a reduction needs.

        Raises
        ------
        CorruptChunk
            If it is damaged.
        """
        if isinstance(self.frames, bytes | memoryview):
            return open_chunk(self.frames)[1]
        return self.frames


class Reduction(Protocol[State]):
    """What becomes of frames: a value for each block, and how values are put together.

    `merge` is associative and does not mind the order; `init` is its neutral element.
    """

    def init(self) -> State:
        """Value of no frames."""
        ...

    def process(self, block: Block) -> State:
        """Value of one block; the same whether its frames come dense, as electrons or encoded."""
        ...

    def merge(self, states: Iterable[State]) -> State:
        """Value of all the frames that `states` are values of."""
        ...


def reduce(reduction: Reduction[State], blocks: Iterable[Block]) -> State:
    """Reduce `blocks` one after another, in this process."""
    return reduction.merge([reduction.init(), *map(reduction.process, blocks)])
