"""What the IOC needs to know."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..instruments.composition import InstrumentConfig
from .client import WriteRules

LONGEST_ROOT = 512  # letters; a process variable holds twice as many


class IOCConfig(BaseModel):
    """One microscope, served under one prefix."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field(
        default="EM1:", pattern=r"^[A-Za-z0-9_-]+:$", description="prefix of every process variable"
    )
    instrument: InstrumentConfig = Field(default=InstrumentConfig(), description="the drivers it serves")
    write_root: Path = Field(
        default=Path("data"), description="folder that holds every HDF5 file; paths outside it are refused"
    )
    interface: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=0, ge=0, le=65535, description="Channel Access port; 0 chooses a free one")
    settle_time: float = Field(
        default=1e-3, ge=0, le=10, description="wait between unblanking and exposing [s]; Beam:SettleTime"
    )
    electron_budget: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="electrons that may be spent; default: no limit"
    )
    overrun: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="time beyond one and a half times an exposure after which the IOC blanks the beam [s]",
    )
    max_pixels: int = Field(
        default=2048 * 2048, ge=1, le=8192 * 8192, description="largest image that is served [pixels]"
    )
    limits: dict[str, tuple[float, float]] = Field(
        default={},
        description="limits narrower than the driver's, by process variable and in its unit, "
        "e.g. Scan:DwellTime: [1.0e-6, 0.1]",
    )

    dose_budget: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="highest dose of any spot [e-/A^2]; clients can lower it; default: no limit",
    )
    dose_cell: float = Field(
        default=0.5,
        gt=0.01,
        le=100,
        description="cell of the dose map [nm]; the probe never counts as smaller",
    )
    dose_extent: float = Field(
        default=2048.0, gt=1, le=1e6, description="width of the dose map, its middle at stage 0 [nm]"
    )
    dose_file: Path | None = Field(
        default=None,
        description="file that keeps the dose when the IOC ends; default: none, for a simulated specimen is "
        "new with each start",
    )
    current_uncertainty: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="of the beam current, relative; budgets are held by the upper end. A cold field emitter "
        "loses some 5 % between two readings",
    )
    stage_moves: int | None = Field(
        default=None, ge=1, description="moves of the stage that are allowed a minute; default: any number"
    )
    write_rules: dict[str, tuple[str, ...]] = Field(
        default={},
        description="patterns of process variables, without prefix, that clients may put to, by their "
        'network, e.g. 192.168.1.0/24: ["Scan:*"]; default: everybody may put to everything',
    )
    refusal_log: Path | None = Field(
        default=None, description="file to which a line is added for each refused put; default: none"
    )

    @field_validator("write_rules")
    @classmethod
    def _networks(cls, rules: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        WriteRules(rules)  # raises ValueError for what is no network
        return rules

    @field_validator("write_root")
    @classmethod
    def _transmissible(cls, write_root: Path) -> Path:
        path = str(write_root.resolve())
        if path.encode("latin-1", "replace").decode("latin-1") != path or len(path) > LONGEST_ROOT:
            raise ValueError(
                f"write_root {path}: Channel Access carries paths in Latin-1, here of up to {LONGEST_ROOT} "
                "letters; choose another folder"
            )
        return write_root

    @field_validator("limits")
    @classmethod
    def _ordered(cls, limits: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in limits.items():
            if not (low <= high and math.isfinite(low) and math.isfinite(high)):
                raise ValueError(
                    f"limits of {name}: [{low:g}, {high:g}] must be two numbers, the lower first"
                )
        return limits
