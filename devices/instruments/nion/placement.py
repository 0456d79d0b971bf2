"""Where the probe is, and in which frame: told to the server with everything it is asked for.

So the server has nothing to remember, and one that was restarted goes on where the last one was.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ..protocol import FrameRequest, ScanRequest


def described(request: ScanRequest) -> dict[str, Any]:
    """Describe a frame to the server."""
    return {
        "ny": request.shape[0],
        "nx": request.shape[1],
        "field_of_view": request.field_of_view,
        "rotation": request.rotation,
    }


@dataclass(eq=False)
class Armed:
    """A camera that waits for the next scan: the scanner puts the number of the acquisition into `begun`."""

    request: FrameRequest
    binning: int
    begun: Future[int] = field(default_factory=Future)


@dataclass(eq=False)
class Placement:
    """What the scanner sets and the detectors measure at; `armed` goes with the next scan."""

    frame: ScanRequest
    y: float = 0.0  # [m]
    x: float = 0.0  # [m]
    armed: Armed | None = None

    def request(self) -> dict[str, Any]:
        """Describe frame and probe to the server."""
        return {"frame": described(self.frame), "probe": [self.y, self.x]}
