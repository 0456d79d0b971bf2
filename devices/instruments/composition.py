"""From configuration to an instrument: which driver provides which part."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .merlin.config import MerlinConfig
from .nion.config import NionConfig
from .protocol import Instrument
from .replay.config import ReplayConfig
from .replay.pattern_config import PatternReplayConfig
from .simulated.config import SimulatedConfig

DriverConfig = Annotated[
    SimulatedConfig | ReplayConfig | PatternReplayConfig | NionConfig | MerlinConfig,
    Field(discriminator="driver"),
]


class InstrumentConfig(BaseModel):
    """The drivers an instrument is composed of; of two that offer the same part, the first serves it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drivers: tuple[DriverConfig, ...] = Field(
        default=(SimulatedConfig(),), min_length=1, description="drivers, each with its own keys"
    )

    @property
    def name(self) -> str:
        """The names of the drivers, joined: what a start document calls `instrument_driver`."""
        return "+".join(driver.driver for driver in self.drivers)


def compose(config: InstrumentConfig) -> Instrument:
    """Build every driver and take each part from the first that offers it.

    Raises
    ------
    InstrumentError
        If a driver can't start: a missing file, an instrument that does not answer.
    """
    built = [driver.create() for driver in config.drivers]

    def first(part: str) -> object:
        return next((getattr(one, part) for one in built if getattr(one, part) is not None), None)

    parts = {part: first(part) for part in ("controls", "scanner", "spectrometer", "frame_source", "blanker")}
    return Instrument(name=config.name, **parts)  # type: ignore[arg-type]
