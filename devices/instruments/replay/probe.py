"""Where the probe stands in a recording: on a pixel of the spectrum image, always."""

from __future__ import annotations

from ..protocol import InstrumentError
from .recording import Recording


class Probe:
    """The pixel that all detectors of a replay answer with; the centre to begin with."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        ny, nx, _ = recording.spectra.data.shape
        self.pixel = (ny // 2, nx // 2)

    def move(self, y: float, x: float) -> None:
        """Go to the pixel that holds (y, x) [m].

        Raises
        ------
        InstrumentError
            If it lies outside the recorded area.
        """
        self.pixel = (self._nearest("y", 0, y), self._nearest("x", 1, x))

    def _nearest(self, name: str, dimension: int, value: float) -> int:
        axis = self.recording.spectra.axes[dimension]
        index = (value - axis.offset) / axis.scale
        if not -0.5 <= index <= axis.size - 0.5:  # false for NaN too
            edge = axis.scale * axis.size / 2
            raise InstrumentError(
                f"probe {name} = {value * 1e9:.6g} nm is outside the recorded field: "
                f"stay within {-edge * 1e9:.6g} to {edge * 1e9:.6g} nm"
            )
        return min(max(round(index), 0), axis.size - 1)
