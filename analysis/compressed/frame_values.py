"""Some numbers of each frame, as the blocks of a scan bring them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FrameValues:
    """Integers of each frame, by the number of the block's first frame.

    Attributes
    ----------
    blocks
        First frame -> ``(n, k)``.
    """

    blocks: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """Put together what was found of different frames."""
        return cls({start: block for part in parts for start, block in part.blocks.items()})

    def array(self) -> NDArray[np.int64]:
        """Values of all frames in their order, ``(frames, k)``.

        Raises
        ------
        ValueError
            If frames are missing, or there twice.
        """
        expected = 0
        for start in sorted(self.blocks):
            if start != expected:
                raise ValueError(f"frames {expected} to {start} are missing or there twice")
            expected += len(self.blocks[start])
        ordered = [self.blocks[start] for start in sorted(self.blocks)]
        return np.concatenate(ordered) if ordered else np.empty((0, 0), np.int64)
