"""Configuration of the simulated microscope, in nm, mrad, eV, pA and s."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from stemline.twin.diode import Diode, DiodeDesign, grow_diode
from stemline.twin.drift import Drift
from stemline.twin.eels import EnergyAxis
from stemline.twin.specimen import Design, Specimen, grow
from stemline.twin.truth import Truth, ground

from ..protocol import Instrument, ScanRequest
from .beam_log import BeamLog
from .clock import LeapingClock, RealClock
from .column import Column, Detector
from .controls import SimulatedControls
from .pixel_array import PixelArrayConfig
from .scanner import SimulatedScanner
from .spectrometer import SimulatedSpectrometer

Pixels = Annotated[int, Field(ge=1, le=2048)]
Velocity = Annotated[float, Field(ge=-1000, le=1000)]


class SpecimenConfig(BaseModel):
    """A silver flake and gold particles on a carbon film with a hole; lengths in nm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Of forty specimens one that is easily told from chance: six in a thousand positions of the default field
    # are within 5 % of the strongest edge mode, and none of these is bright or has a steep gradient in HAADF.
    seed: int = Field(default=28, ge=0, description="seed of the shapes and positions")
    extent: float = Field(default=Design.extent, ge=20, le=1000, description="side of the specimen [nm]")
    flake_radius: float = Field(
        default=Design.flake_radius, gt=0, le=1000, description="distance of the flake's corners [nm]"
    )
    flake_corners: int = Field(default=Design.flake_corners, ge=3, le=12, description="corners of the flake")
    flake_thickness: float = Field(
        default=Design.flake_thickness, gt=0, le=100, description="thickness of the flake [nm]"
    )
    particles: int = Field(
        default=Design.particles, ge=0, le=500, description="particles on the whole specimen"
    )
    particle_radius: float = Field(
        default=Design.particle_radius, gt=0, le=50, description="median radius of the particles [nm]"
    )
    support_thickness: float = Field(
        default=Design.support_thickness, ge=0, le=200, description="thickness of the film [nm]"
    )
    hole_radius: float = Field(
        default=Design.hole_radius, ge=0, le=1000, description="radius of the hole in the film [nm]"
    )

    def grow(self) -> Specimen:
        """Grow the specimen; the same configuration gives the same one."""
        return grow(Design(**self.model_dump(exclude={"seed"})), np.random.default_rng(self.seed))


class DiodeConfig(BaseModel):
    """A lamella of GaAs with a p-n junction, charged dislocations and quantum dots; lengths in nm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(default=0, ge=0, description="seed of the shapes and positions")
    extent: float = Field(default=DiodeDesign.extent, ge=20, le=1000, description="side of the specimen [nm]")
    thickness: float = Field(default=DiodeDesign.thickness, gt=0, le=200, description="of the lamella [nm]")
    indium: float = Field(
        default=DiodeDesign.indium, ge=0, le=1, description="share of gallium replaced on the p side"
    )
    voltage: float = Field(
        default=DiodeDesign.voltage,
        ge=-50,
        le=50,
        description="across the junction, built-in and applied [V]",
    )
    width: float = Field(default=DiodeDesign.width, gt=0, le=500, description="of the junction [nm]")
    dots: int = Field(default=DiodeDesign.dots, ge=0, le=500, description="quantum dots")
    dot_radius: float = Field(
        default=DiodeDesign.dot_radius, gt=0, le=50, description="median radius of the dots [nm]"
    )
    dislocations: int = Field(
        default=DiodeDesign.dislocations, ge=0, le=500, description="charged dislocations"
    )
    line_charge: float = Field(
        default=DiodeDesign.line_charge, ge=-10, le=10, description="of a dislocation [e/nm]"
    )

    def grow(self) -> Diode:
        """Grow the diode; the same configuration gives the same one."""
        return grow_diode(DiodeDesign(**self.model_dump(exclude={"seed"})), np.random.default_rng(self.seed))


class SimulatedConfig(BaseModel):
    """The simulated microscope; optics and detectors as they stand at the start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["simulated"] = "simulated"
    specimen: SpecimenConfig = Field(default=SpecimenConfig(), description="what lies under the beam")
    diode: DiodeConfig | None = Field(
        default=None, description="a specimen with a long-range electric field, instead of the other one"
    )
    seed: int = Field(default=0, ge=0, description="seed of the counting noise")
    real_time: bool = Field(default=True, description="exposures take their time, or are answered at once")
    # 2.5 nm pixels: fine against the reach of a 2 eV mode, some 25 nm.
    field_of_view: float = Field(
        default=160.0, ge=10, le=1000, description="of the default scan along x [nm]"
    )
    shape: tuple[Pixels, Pixels] = Field(default=(64, 64), description="of the default scan (ny, nx) [px]")
    dwell_time: float = Field(default=1e-5, ge=1e-7, le=1, description="of a pixel of the default scan [s]")
    high_tension: float = Field(default=80.0, ge=20, le=300, description="acceleration voltage [kV]")
    beam_current: float = Field(default=50.0, ge=0, le=1000, description="current of the probe [pA]")
    convergence_angle: float = Field(
        default=10.0, ge=0.2, le=50, description="semi-angle of the probe [mrad]"
    )
    collection_angle: float = Field(default=20.0, ge=1, le=100, description="EELS semi-angle [mrad]")
    defocus: float = Field(default=0.0, ge=-2000, le=2000, description="distance from focus [nm]")
    drift: tuple[Velocity, Velocity] = Field(default=(0.0, 0.0), description="of the specimen (y, x) [nm/s]")
    energy_resolution: float = Field(default=0.2, ge=0.1, le=2, description="zero-loss FWHM [eV]")
    energy_offset: float = Field(default=-5.0, ge=-50, le=0, description="loss at the first channel [eV]")
    dispersion: float = Field(default=0.05, ge=0.01, le=0.5, description="energy of a channel [eV]")
    channels: int = Field(default=1024, ge=64, le=4096, description="channels of the spectrometer")
    # Entrance aperture, energy slit and detective quantum efficiency together leave a tenth in practice.
    efficiency: float = Field(default=0.1, gt=0, le=1, description="share of the electrons EELS counts")
    saturation: int = Field(default=2**24, ge=1, le=2**32 - 1, description="counts that fill a channel")

    pixel_array: PixelArrayConfig = Field(
        default=PixelArrayConfig(), description="the detector of diffraction patterns"
    )
    beam_log: Path | None = Field(
        default=None, description="file in which the microscope itself records when its beam was on"
    )

    @model_validator(mode="after")
    def _field_on_specimen(self) -> Self:
        name, specimen = ("specimen", self.specimen) if self.diode is None else ("diode", self.diode)
        if self.field_of_view > specimen.extent:
            raise ValueError(
                f"field_of_view {self.field_of_view:g} nm exceeds {name}.extent "
                f"{specimen.extent:g} nm: make it smaller, or the specimen larger"
            )
        return self

    def create(self) -> Instrument:
        """Grow the specimen and build the microscope over it."""
        column = self._column()
        return Instrument(
            name=self.driver,
            controls=SimulatedControls(column),
            scanner=SimulatedScanner(column),
            spectrometer=SimulatedSpectrometer(column),
            frame_source=self.pixel_array.create(column, self.seed),
            blanker=column.blanker,
        )

    def truth(self) -> Truth:
        """Look at the specimen without noise, stage at 0 and drift not yet begun."""
        return self._column().truth()

    def _column(self) -> Column:
        return Column(
            ground=ground((self.diode or self.specimen).grow()),
            detector=Detector(
                EnergyAxis(self.energy_offset, self.dispersion, self.channels),
                self.energy_resolution,
                self.efficiency,
                self.saturation,
            ),
            drift=Drift(self.drift),
            frame=ScanRequest(self.shape, self.field_of_view * 1e-9, 0.0, self.dwell_time),
            settings={
                "beam_energy": self.high_tension * 1e3,
                "beam_current": self.beam_current * 1e-12,
                "convergence_angle": self.convergence_angle * 1e-3,
                "collection_angle": self.collection_angle * 1e-3,
                "defocus": self.defocus * 1e-9,
                **dict.fromkeys(("stage_x", "stage_y", "stage_z", "stage_alpha", "stage_beta"), 0.0),
            },
            clock=RealClock() if self.real_time else LeapingClock(),
            rng=np.random.default_rng(self.seed),
            beam_log=None if self.beam_log is None else BeamLog(self.beam_log),
        )
