"""A pixel-array detector that answers with recorded patterns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stemline.twin.noise import counts, electrons

from ..protocol import Axis, Blanker, FrameMode, FrameRequest, InstrumentError
from .pace import Pace, check_dwell
from .pattern_recording import PatternRecording
from .probe import Probe

MODE = "Recorded"
DWELL_TIME = (1e-6, 3600.0)  # [s] any
MOST = 64  # frames in a block

Frames = NDArray[np.generic]


class ReplayFrameSource:
    """Gives the pattern recorded where the probe stands; nothing while the beam is blanked.

    Parameters
    ----------
    beam_current
        If given [pA], the recording is the share of the beam's electrons expected in each pixel, as a
        simulation has it, and counts are drawn for this current and the exposure. Otherwise the recording is
        given bit for bit.
    rng
        Of the counts.
    """

    def __init__(
        self,
        recording: PatternRecording,
        probe: Probe,
        pace: Pace,
        blanker: Blanker,
        beam_current: float | None,
        rng: np.random.Generator,
    ) -> None:
        self._patterns = recording.patterns
        self._probe, self._pace, self._blanker = probe, pace, blanker
        self._beam_current, self._rng = beam_current, rng

    @property
    def frame_axes(self) -> tuple[Axis, Axis]:
        """The recorded axes "ky" and "kx" [rad]."""
        _, _, ky, kx = self._patterns.axes
        return ky, kx

    @property
    def modes(self) -> tuple[FrameMode, ...]:
        """As it was recorded."""
        dtype = self._patterns.data.dtype if self._beam_current is None else np.dtype(np.uint32)
        return (FrameMode(MODE, dtype.str, DWELL_TIME, float("inf")),)

    @property
    def triggers(self) -> tuple[str, ...]:
        """Its own clock."""
        return ("internal",)

    def frames(self, request: FrameRequest) -> Iterator[Frames]:
        """Give `count` frames of the pixel where the probe stands.

        Raises
        ------
        InstrumentError
            If the request is beyond the limits.
        Aborted
            By the iterator, if it was aborted.
        """
        if request.mode != MODE or request.trigger not in self.triggers:
            raise InstrumentError(f"a recording has mode {MODE!r} and its own clock, not {request.mode!r}")
        if request.count < 1:
            raise InstrumentError(f"{request.count} frames: ask for 1 or more")
        check_dwell("an exposure", request.dwell_time, DWELL_TIME)
        return self._stream(request)

    def abort(self) -> None:
        """End the stream."""
        self._pace.abort()

    def _stream(self, request: FrameRequest) -> Iterator[Frames]:
        for start in range(0, request.count, MOST):
            size = min(MOST, request.count - start)
            self._pace.wait("stream of frames", request.dwell_time * size)
            yield self._expose(size, request.dwell_time)

    def _expose(self, size: int, dwell_time: float) -> Frames:
        recorded = self._patterns.data[self._probe.pixel]
        lit = not self._blanker.blanked
        if self._beam_current is None:
            return np.repeat((recorded if lit else np.zeros_like(recorded))[None], size, axis=0)
        charge = electrons(self._beam_current, dwell_time) * lit
        expected = np.broadcast_to(recorded.astype(np.float64) * charge, (size, *recorded.shape))
        return counts(expected, self._rng)
