"""Reach the catalog: as runs, as databroker shows them, by name."""

from .connection import connect, derived, disconnect

__all__ = ["connect", "derived", "disconnect"]
