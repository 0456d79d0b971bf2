"""What a replay of diffraction patterns needs to know: the file, and what it does not say itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..protocol import Instrument
from .blanker import ReplayBlanker
from .controls import ReplayControls
from .frame_source import ReplayFrameSource
from .pace import Pace
from .pattern_recording import open_patterns
from .probe import Probe
from .scanner import ReplayScanner

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PatternReplayConfig(BaseModel):
    """A recorded or simulated 4D-STEM scan as an instrument."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["replay_patterns"] = "replay_patterns"
    file: Path = Field(description="HDF5 file with the patterns and an image of the same pixels")
    patterns: str = Field(default="datacube", description="data set of the patterns, 4D")
    survey: str = Field(default="haadf", description="data set of the image, 2D")
    order: Literal["y x ky kx", "x y kx ky"] = Field(
        default="y x ky kx", description="of the dimensions in the file; abTEM has x first"
    )
    pixel_size: Positive = Field(description="of the scan [nm]")
    angle_step: Positive = Field(description="of the patterns [mrad/pixel]")
    centre: tuple[float, float] | None = Field(
        default=None, description="of the vacuum disk (ky, kx) [pixels]; default: half the size"
    )
    expected: bool = Field(
        default=False,
        description="the file has shares of the beam without noise, from a simulation: draw counts for "
        "`beam_current` and the exposure",
    )
    beam_current: Positive | None = Field(default=None, description="[pA]; by default unknown")
    high_tension: Positive | None = Field(default=None, description="acceleration voltage [kV]")
    convergence_angle: Positive | None = Field(default=None, description="semi-angle of the probe [mrad]")
    seed: int = Field(default=0, ge=0, description="seed of the counting noise")
    real_time: bool = Field(default=False, description="take the time that was asked for, or answer at once")

    @model_validator(mode="after")
    def _current_is_known(self) -> Self:
        if self.expected and self.beam_current is None:
            raise ValueError("expected needs beam_current [pA]: counts are drawn for it")
        return self

    def create(self) -> Instrument:
        """Open the file and offer it as an instrument.

        Raises
        ------
        InstrumentError
            If the file is missing or not readable, or does not hold such data sets.
        """
        recording = open_patterns(
            self.file,
            self.pixel_size * 1e-9,
            self.angle_step * 1e-3,
            patterns=self.patterns,
            survey=self.survey,
            order=self.order,
            centre=self.centre,
        )
        configured = {
            "beam_energy": (self.high_tension, 1e3),
            "beam_current": (self.beam_current, 1e-12),
            "convergence_angle": (self.convergence_angle, 1e-3),
        }
        optics = {name: value * unit for name, (value, unit) in configured.items() if value is not None}
        probe, pace, blanker = Probe(recording), Pace(self.real_time), ReplayBlanker()
        return Instrument(
            name=self.driver,
            controls=ReplayControls(optics) if optics else None,
            scanner=ReplayScanner(probe, pace),
            frame_source=ReplayFrameSource(
                recording,
                probe,
                pace,
                blanker,
                self.beam_current if self.expected else None,
                np.random.default_rng(self.seed),
            ),
            blanker=blanker,
        )
