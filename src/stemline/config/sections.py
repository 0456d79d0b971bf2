"""The sections of a session's YAML: what may be set, its default and its meaning."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, field_validator

from stemline.analysis.descan import Descan
from stemline.analysis.scalarise import PatternScalariser, Scalariser, make_scalariser
from stemline.devices.ioc.config import IOCConfig
from stemline.tiled_config.config import CatalogConfig

from .error import ConfigError

# Keys of a start document that Bluesky, the session and the plans write.
RESERVED = frozenset(
    {"uid", "time", "scan_id", "plan_name", "plan_args", "stemline_version", "config_hash", "beam_energy"}
)


Acquisition = Literal[
    "expected_improvement",
    "noisy_expected_improvement",
    "probability_of_improvement",
    "upper_confidence_bound",
    "lower_confidence_bound",
    "maximum_uncertainty",
    "thompson",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SurveyConfig(_Section):
    """The overview image; what is not given is the instrument's default."""

    shape: tuple[PositiveInt, PositiveInt] | None = Field(None, description="pixels (ny, nx)")
    field_of_view: float | None = Field(None, gt=0, description="extent along x [nm]")
    dwell_time: float | None = Field(None, gt=0, description="of one pixel [s]")


class DescanConfig(_Section):
    """Where the vacuum disk is over the field of view, as `descan_of_vacuum` finds it."""

    offset: tuple[float, float] = Field((0.0, 0.0), description="(ky, kx) in the middle [mrad]")
    matrix: tuple[tuple[float, float], tuple[float, float]] = Field(
        ((0.0, 0.0), (0.0, 0.0)), description="its change with the position (y, x) [mrad/nm]"
    )


class ExperimentConfig(_Section):
    """What is measured, where, and how it becomes a number."""

    num_points: int = Field(60, ge=1, description="measurement budget, seeds included")
    dwell_time: float = Field(0.02, gt=0, description="of one spectrum or pattern [s]")
    survey: SurveyConfig = Field(SurveyConfig(), description="the overview image")
    grid: tuple[PositiveInt, PositiveInt] | None = Field(
        None,
        description="candidates (ny, nx) that divide the survey's shape; default: every survey pixel",
    )
    patch_size: int | None = Field(
        None,
        ge=1,
        description="side of the patch around a candidate [survey pixels]; "
        "default: 31, or 3 candidates where the survey is finer than the grid",
    )
    scalariser: dict[str, Any] = Field(
        default_factory=lambda: {
            "kind": "integrated_intensity",
            "window": (1.5, 2.5),
            "normalisation": "zero_loss",
        },
        description="`kind` and the parameters of one scalariser of stemline.analysis.scalarise; "
        "one of patterns makes it a diffraction experiment",
    )
    descan: DescanConfig | None = Field(None, description="diffraction: what the descan leaves of it")

    @field_validator("scalariser")
    @classmethod
    def _scalariser_is_known(cls, value: dict[str, Any]) -> dict[str, Any]:
        make_scalariser(**value)
        return value

    def make_scalariser(self) -> Scalariser | PatternScalariser:
        """Build the configured scalariser."""
        return make_scalariser(**self.scalariser)

    def make_descan(self) -> Descan | None:
        """Build the configured descan."""
        return Descan(self.descan.offset, self.descan.matrix) if self.descan else None


class AgentConfig(_Section):
    """Who decides where to measure next."""

    kind: Literal["dkl", "random"] = Field(
        "dkl", description="deep kernel learning, or drawing blindly: the baseline, which learns nothing"
    )
    acquisition: Acquisition = Field(
        "expected_improvement", description="what makes a position worth measuring"
    )
    num_seed: int = Field(10, ge=1, description="positions before the model decides")
    seeding: Literal["uniform", "space_filling"] = Field(
        "uniform", description="how these are drawn: all alike, or unlike each other in the image"
    )
    kernel: Literal["auto", "fixed", "deep"] = Field(
        "auto",
        description="on the features as they are, on a learned embedding, or on what predicts better",
    )
    spacing: float = Field(
        0.0, ge=0, description="nothing this close to a measured position is measured [nm]"
    )
    travel_time: float = Field(0.0, ge=0, description="what the way to the next position costs [s/nm]")
    point_time: float = Field(1.0, ge=0, description="what a point costs besides: settling and dwell [s]")
    critical_dose: float | None = Field(
        None,
        gt=0,
        description="leaves 1/e of the specimen as it was [e-/Å²]: what is damaged is worth less; "
        "default: damage does not matter",
    )
    beam_spread: float = Field(
        0.5, gt=0, description="how far the damage of a point reaches, one standard deviation [nm]"
    )
    overlap: bool = Field(
        True, description="think about the next point, and train, while one is being measured"
    )
    deadline: float | None = Field(
        None,
        ge=0,
        description="a suggestion waits for training no longer [s], the last model makes it; "
        "default: as long as it takes, repeatable",
    )
    electron_budget: float | None = Field(
        None, gt=0, description="stop before all points together have cost more electrons"
    )
    uncertainty_goal: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="stop when the predicted sigma, on average, is below this share of the map's spread",
    )
    regret_goal: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="stop when nothing can be larger than the best point by more than this share of the "
        "map's spread",
    )
    predictability_goal: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="stop when the last ten measurements were foreseen to this share of the map's spread",
    )
    where: Literal["worker", "inline"] = Field(
        "worker", description="in a child process, or in the session's"
    )
    seed: int = Field(0, ge=0, description="of everything random in the agent")
    suggest_timeout: float = Field(120.0, gt=0, description="a suggestion may take this long [s]")

    def options(self) -> dict[str, Any]:
        """Return what the agent itself is told (see `stemline.agents.options`), but for its budget."""
        return self.model_dump(exclude={"where", "suggest_timeout"})


def _host_and_port(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("give host:port, as in 127.0.0.1:5064")
    return address


class EpicsConfig(_Section):
    """Where the instrument's IOC is."""

    start: bool = Field(True, description="start an IOC for this session; else connect to a running one")
    addresses: tuple[Annotated[str, AfterValidator(_host_and_port)], ...] = Field(
        ("127.0.0.1:5064",), min_length=1, description="host:port of each running IOC"
    )
    client: Literal["caproto", "pyepics"] = Field(
        "caproto", description="Channel Access library of the session"
    )
    read_root: Path | None = Field(
        None,
        description="the IOC's `write_root` as this computer and the catalog see it; default: the same path",
    )


class CatalogSection(_Section):
    """The catalog of runs (Tiled)."""

    uri: str | None = Field(
        None, description="of a running Tiled server, key in TILED_API_KEY; without it the session starts one"
    )
    host: str = Field("127.0.0.1", description="address the session's own server listens on")
    port: int = Field(0, ge=0, le=65535, description="port of the session's own server; 0: a free one")
    readable: tuple[Path, ...] = Field(
        (), description="folders of other microscopes' frames that the session's own server may read as well"
    )

    @field_validator("uri")
    @classmethod
    def _uri_is_an_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("give the address of a server, as in http://127.0.0.1:8000")
        if parts.query or parts.password:
            raise ValueError("leave the key out of the file, which others read: set TILED_API_KEY to it")
        return value

    def key(self) -> str:
        """Return the key of the server at `uri`.

        Raises
        ------
        ConfigError
            If the environment has none.
        """
        key = os.environ.get("TILED_API_KEY", "")
        if not key:
            raise ConfigError(f"catalog.uri is {self.uri}: set TILED_API_KEY to its key")
        return key


class SessionConfig(_Section):
    """Everything one session needs."""

    data: Path = Field(Path("stemline-data"), description="folder for all that the session writes")
    epics: EpicsConfig = Field(EpicsConfig(), description="where the instrument's IOC is")
    ioc: IOCConfig = Field(IOCConfig(), description="the instrument and its process variables")
    catalog: CatalogSection = Field(CatalogSection(), description="where runs are kept")
    experiment: ExperimentConfig = Field(ExperimentConfig(), description="what is measured")
    agent: AgentConfig = Field(AgentConfig(), description="who decides where")
    metadata: dict[str, Any] = Field(
        default_factory=dict,
        description="for every start document: sample, operator, proposal, microscope, ...",
    )

    @field_validator("metadata")
    @classmethod
    def _metadata_is_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        if taken := RESERVED & value.keys():
            raise ValueError(f"{', '.join(sorted(taken))}: set by the session, choose another name")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"no document can hold it ({error}): use text, numbers and lists") from error
        return value

    @property
    def read_root(self) -> Path:
        """Folder of the IOC's frame files, as this computer sees it."""
        return (self.epics.read_root or self.ioc_server().write_root).absolute()

    @property
    def journal(self) -> Path:
        """Folder of the journals."""
        return self.data / "journal"

    @property
    def profiles(self) -> Path:
        """Folder of the profile by which Tiled and databroker find the session's own catalog."""
        return self.data / "profiles"

    def ioc_server(self) -> IOCConfig:
        """Return the settings of the IOC; its files go below `data` unless the file says otherwise."""
        folder = self.ioc.write_root if "write_root" in self.ioc.model_fields_set else self.data / "frames"
        return self.ioc.model_copy(update={"write_root": folder.absolute()})

    def catalog_server(self) -> CatalogConfig:
        """Return the settings of the session's own catalog server, which reads the IOC's frame files."""
        return CatalogConfig(
            folder=self.data / "catalog",
            host=self.catalog.host,
            port=self.catalog.port,
            readable=(self.read_root, *(folder.absolute() for folder in self.catalog.readable)),
        )

    @property
    def config_hash(self) -> str:
        """First 16 digits of the SHA-256 of the configuration."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
