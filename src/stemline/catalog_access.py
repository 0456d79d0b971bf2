"""Where a session's catalog is, and the keys to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from stemline.config import CatalogSection
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.server import CatalogServer, served_uri
from stemline.tiled_config.server.catalog_server import web_url
from stemline.tiled_config.server.keys import make_keys


@dataclass(frozen=True)
class CatalogAccess:
    """A catalog that runs, or will run again: what it has not taken waits in the journal.

    Attributes
    ----------
    url
        Address of the web pages, without a key.
    web_url
        The same for the user's own screen: it may hold a key that can only read.
    uri
        Address of the API.
    key
        For who works in the session: reads everything, writes what was derived.
    forwarder_key
        Of the acquisition: it may write runs.
    """

    url: str
    web_url: str
    uri: str
    key: str = field(repr=False)
    forwarder_key: str = field(repr=False)

    @classmethod
    def own(cls, server: CatalogServer) -> CatalogAccess:
        """Return where the session's own catalog is."""
        return cls(server.url, server.web_url, server.uri, server.agent_key, server.api_key)

    @classmethod
    def served(cls, config: CatalogConfig) -> CatalogAccess | None:
        """Return where another process of ours serves this catalog; None if none does.

        Raises
        ------
        CatalogError
            If its keys can't be read.
        """
        if (uri := served_uri(config)) is None:
            return None
        url, keys = uri.removesuffix("/api/v1"), make_keys(config.folder)
        return cls(url, web_url(url, keys.viewer), uri, keys.agent, keys.acquisition)

    @classmethod
    def given(cls, section: CatalogSection) -> CatalogAccess:
        """Return where the catalog is that others keep running.

        Raises
        ------
        ConfigError
            If the environment has no key to it.
        """
        uri = str(section.uri)
        url = uri.removesuffix("/").removesuffix("/api/v1")
        key = section.key()
        return cls(url, url, uri, key, key)
