"""The journal: every document on the disk before anything else sees it."""

from .journal import Journal

__all__ = ["Journal"]
