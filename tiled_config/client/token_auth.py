"""Requests to a catalog of ours, with a token in place of the key."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import httpx

TOKEN_URL = "auth/provider/stemline/token"
# Renewed a little before it ends: the clocks of two machines need not agree.
MARGIN = 60.0  # [s]


class TokenAuth(httpx.Auth):
    """Trade the key for a token, and renew it; fall back on the key wherever there are no tokens.

    A request then costs the server about half: it looks up keys in a database, three times a request.

    Parameters
    ----------
    uri
        Address of the API.
    api_key
        The key.
    clock
        Of seconds.
    """

    requires_response_body = True

    def __init__(self, uri: str, api_key: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = f"{uri.rstrip('/')}/{TOKEN_URL}"
        self._api_key = api_key
        self._clock = clock
        self._token: str | None = None
        self._ask_after = -float("inf")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send `request` with a token if there is one, else with the key."""
        if self._clock() >= self._ask_after:
            self._take((yield self._ask(request)))
        token = self._token
        request.headers["Authorization"] = f"Bearer {token}" if token else f"Apikey {self._api_key}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and token:
            # The server was started anew and no longer knows what it has signed.
            self._token, self._ask_after = None, -float("inf")
            request.headers["Authorization"] = f"Apikey {self._api_key}"
            yield request

    def _ask(self, request: httpx.Request) -> httpx.Request:
        form = {"username": "key", "password": self._api_key}
        # The timeouts are in the extensions: without them a hanging server would never be given up.
        return httpx.Request("POST", self._url, data=form, extensions=request.extensions)

    def _take(self, answer: httpx.Response) -> None:
        lifetime = 600.0
        self._token = None
        if answer.status_code == httpx.codes.OK:
            tokens = answer.json()
            self._token, lifetime = tokens["access_token"], float(tokens["expires_in"])
        self._ask_after = self._clock() + max(lifetime - MARGIN, lifetime / 2)
