"""Trades a key for a token of a few minutes: Tiled looks a key up three times a request, a token never."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession
from tiled.authn_database.core import lookup_valid_api_key
from tiled.server.connection_pool import get_database_engine
from tiled.server.protocols import InternalAuthenticator, UserSessionState
from tiled.server.settings import DatabaseSettings

# In the addresses of Tiled's API, and the provider of the roles' identities.
PROVIDER = "stemline"


class KeyAuthenticator(InternalAuthenticator):  # type: ignore[misc]
    """Takes a key of `keys.SCOPES` as a password, and nothing else: nobody has another password here.

    Parameters
    ----------
    database
        Address of the database of keys, as in the configuration's ``database: uri``.
    """

    def __init__(self, database: str) -> None:
        self._database = DatabaseSettings(uri=database, pool_size=2)

    async def authenticate(self, username: str, password: str) -> UserSessionState | None:
        """Name the role whose key `password` is; `username` is not looked at."""
        try:
            secret = bytes.fromhex(password)
        except ValueError:
            return None
        async with AsyncSession(get_database_engine(self._database), expire_on_commit=False) as session:
            key = await lookup_valid_api_key(session, secret)
        if key is None:
            return None
        # A token has all scopes of the role: a key with fewer must not become one.
        scopes = {scope for role in key.principal.roles for scope in role.scopes}
        names = [identity.id for identity in key.principal.identities if identity.provider == PROVIDER]
        if not names or not scopes <= set(key.scopes):
            return None
        return UserSessionState(names[0], {})
