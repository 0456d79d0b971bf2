"""The configuration of a session: one YAML file, every key checked."""

from .error import ConfigError
from .load import load
from .sections import (
    Acquisition,
    AgentConfig,
    CatalogSection,
    EpicsConfig,
    ExperimentConfig,
    SessionConfig,
    SurveyConfig,
)

__all__ = [
    "Acquisition",
    "AgentConfig",
    "CatalogSection",
    "ConfigError",
    "EpicsConfig",
    "ExperimentConfig",
    "SessionConfig",
    "SurveyConfig",
    "load",
]
