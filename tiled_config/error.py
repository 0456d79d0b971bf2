"""The one error of the catalog."""

from __future__ import annotations


class CatalogError(Exception):
    """The catalog can't be used; the message says in one line what, where and what to do."""
