"""The configuration of a session: one YAML file, every key checked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator

from stemline.analysis.scalarise import Scalariser, make_scalariser
from stemline.devices.ioc.config import IOCConfig
from stemline.tiled_config.config import CatalogConfig

# Keys of a start document that Bluesky, the session and the plans write.
RESERVED = frozenset(
    {"uid", "time", "scan_id", "plan_name", "plan_args", "stemline_version", "config_hash", "beam_energy"}
)


class ConfigError(ValueError):
    """The configuration can't be used; the message names the file, the key and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SurveyConfig(_Section):
    """The overview image; what is not given is the instrument's default."""

    shape: tuple[PositiveInt, PositiveInt] | None = Field(None, description="pixels (ny, nx)")
    field_of_view: float | None = Field(None, gt=0, description="extent along x [nm]")
    dwell_time: float | None = Field(None, gt=0, description="of one pixel [s]")


class ExperimentConfig(_Section):
    """What is measured, where, and how it becomes a number."""

    num_points: int = Field(60, ge=1, description="measurement budget, seeds included")
    dwell_time: float = Field(0.02, gt=0, allow_inf_nan=False, description="of one spectrum [s]")
    survey: SurveyConfig = Field(SurveyConfig(), description="the overview image")
    grid: tuple[PositiveInt, PositiveInt] | None = Field(
        None,
        description="candidates (ny, nx) that divide the survey's shape; default: every survey pixel",
    )
    patch_size: int | None = Field(
        None,
        ge=1,
        description="side of the patch around a candidate [survey pixels]; default: 15, or 3 candidates",
    )
    scalariser: dict[str, Any] = Field(
        default_factory=lambda: {
            "kind": "integrated_intensity",
            "window": (1.5, 2.5),
            "normalisation": "zero_loss",
        },
        description="`kind` and the parameters of one scalariser of stemline.analysis.scalarise",
    )

    @field_validator("scalariser")
    @classmethod
    def _scalariser_is_known(cls, value: dict[str, Any]) -> dict[str, Any]:
        make_scalariser(**value)
        return value

    def make_scalariser(self) -> Scalariser:
        """Build the configured scalariser."""
        return make_scalariser(**self.scalariser)


class AgentConfig(_Section):
    """Who decides where to measure next."""

    acquisition: Literal["expected_improvement", "upper_confidence_bound", "maximum_uncertainty"] = Field(
        "expected_improvement", description="what makes a position worth measuring"
    )
    num_seed: int = Field(10, ge=1, description="random positions before the model decides")
    uncertainty_goal: float | None = Field(
        None, gt=0, description="stop below this mean sigma [scalar's unit]"
    )
    predictability_goal: float | None = Field(None, gt=0, description="stop below this one-step-ahead error")
    where: Literal["worker", "inline"] = Field(
        "worker", description="in a child process, or in the session's"
    )
    seed: int = Field(0, ge=0, description="of everything random in the agent")
    suggest_timeout: float = Field(120.0, gt=0, description="a suggestion may take this long [s]")


class EpicsConfig(_Section):
    """Where the instrument's IOC is."""

    start: bool = Field(True, description="start an IOC for this session; else connect to a running one")
    addresses: tuple[str, ...] = Field(("127.0.0.1:5064",), description="host:port of a running IOC")
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
            readable=(self.read_root,),
        )

    @property
    def config_hash(self) -> str:
        """First 16 digits of the SHA-256 of the configuration."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def load(path: Path | None) -> SessionConfig:
    """Read and check a session's YAML; None is the built-in simulation.

    Relative paths in the file are taken from the working directory.

    Raises
    ------
    ConfigError
        If the file is missing, is no YAML, or a key is unknown or out of range.
    """
    if path is None:
        return SessionConfig()
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; name an existing YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: the top level must be keys, as in `experiment:`")
    try:
        # A section whose keys are all commented out is null in YAML.
        given = {key: value for key, value in content.items() if value is not None}
        return SessionConfig.model_validate(given)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """Say all findings of pydantic in one line: key, what is wrong, and what was given."""
    findings = []
    errors = error.errors(include_url=False, include_context=False)
    for finding in errors:
        if finding["type"] == "too_short" and len(errors) > 1:
            continue  # pydantic counts a list without its bad items
        key = ".".join(str(part) for part in finding["loc"])
        message = finding["msg"].removeprefix("Value error, ")
        if finding["type"] == "extra_forbidden":
            message = "unknown key"
        given = f" (given: {finding['input']!r})" if isinstance(finding["input"], (str, int, float)) else ""
        findings.append(f"{key}: {message}{given}")
    return "; ".join(findings)
