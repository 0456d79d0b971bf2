"""What is wrong with a configuration."""

from __future__ import annotations


class ConfigError(ValueError):
    """The configuration can't be used; the message names the file, the key and what to do."""
