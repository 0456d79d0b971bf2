"""From a session's YAML to its checked configuration."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from .error import ConfigError
from .findings import describe
from .keys import without_empty_sections
from .sections import SessionConfig
from .strict_yaml import read


def load(path: Path | None) -> SessionConfig:
    """Read and check a session's YAML; None is the built-in simulation.

    Relative paths in the file are taken from the working directory.

    Raises
    ------
    ConfigError
        In one line, if the file is missing or no YAML, or a key is unknown, given twice or out of range.
    """
    if path is None:
        return SessionConfig()
    try:
        content = read(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; name an existing YAML file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: the top level must be keys, as in `experiment:`")
    given = without_empty_sections(content, SessionConfig)
    try:
        return SessionConfig.model_validate(given)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error, given, SessionConfig)}") from error
