"""What a replay needs to know: the files, and what they don't say themselves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..protocol import Instrument
from .blanker import ReplayBlanker
from .controls import ReplayControls
from .pace import Pace
from .probe import Probe
from .recording import open_recording
from .scanner import ReplayScanner
from .spectrometer import ReplaySpectrometer


class ReplayConfig(BaseModel):
    """A recorded spectrum image, and the survey image of the same area, as an instrument."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["replay"] = "replay"
    spectrum_image: Path = Field(description="the recorded spectrum image: .dm3, .dm4, .emd or .hspy")
    survey: Path | None = Field(
        default=None,
        description="HAADF image of the same area, sampled as the spectrum image or a whole number of times "
        "finer; by default it is looked for in the file of the spectrum image",
    )
    spectrum_image_title: str | None = Field(
        default=None, description="which signal of the file, by its title, where it holds several"
    )
    survey_title: str | None = Field(
        default=None, description="which image of the file, by its title, where it holds several"
    )
    pixel_size: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="pixel of the spectrum image [nm]; needed where the file has no length unit",
    )
    saturation: float | None = Field(
        default=None, gt=0, description="counts at which a channel was full; by default unknown"
    )
    exposure: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="recorded exposure of one spectrum [s]: other dwell times are refused; by default any "
        "dwell time is answered with the recorded counts",
    )
    real_time: bool = Field(default=False, description="take the time that was asked for, or answer at once")
    high_tension: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="acceleration voltage [kV]; by default what the file says",
    )
    beam_current: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="beam current [pA]; by default what the file says",
    )
    convergence_angle: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="semi-angle of the probe [mrad]; as the file says",
    )
    collection_angle: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="semi-angle into EELS [mrad]; as the file says"
    )

    def create(self) -> Instrument:
        """Open the files and offer them as an instrument.

        Raises
        ------
        InstrumentError
            If a file is missing or not readable, has no length unit while `pixel_size` is not given, or the
            survey does not fit the spectrum image.
        """
        recording = open_recording(
            self.spectrum_image,
            self.survey,
            None if self.pixel_size is None else self.pixel_size * 1e-9,
            self.spectrum_image_title,
            self.survey_title,
        )
        probe, pace = Probe(recording), Pace(self.real_time)
        configured = {
            "beam_energy": (self.high_tension, 1e3),
            "beam_current": (self.beam_current, 1e-12),
            "convergence_angle": (self.convergence_angle, 1e-3),
            "collection_angle": (self.collection_angle, 1e-3),
        }
        # what is configured wins: what vendors' files say of the optics is often wrong
        given = {name: value * unit for name, (value, unit) in configured.items() if value is not None}
        optics = {**recording.optics, **given}
        return Instrument(
            name=self.driver,
            controls=ReplayControls(optics) if optics else None,
            scanner=ReplayScanner(probe, pace),
            spectrometer=ReplaySpectrometer(
                recording.spectra,
                probe,
                pace,
                self.exposure,
                math.inf if self.saturation is None else self.saturation,
            ),
            blanker=ReplayBlanker(),
        )
