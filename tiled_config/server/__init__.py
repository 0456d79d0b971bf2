"""The catalog's server: Tiled with our keys, places and checks."""

from .catalog_server import CatalogServer, served_uri

__all__ = ["CatalogServer", "served_uri"]
