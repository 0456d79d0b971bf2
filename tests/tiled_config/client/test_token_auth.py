"""A token in place of the key, wherever the server trades one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from stemline.tiled_config.client.token_auth import TokenAuth

URI = "http://127.0.0.1:1/api/v1"


class Server:
    """Trades for tokens that it knows until it forgets them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known: set[str] = set()
        self.trades = True
        self.keys = {"key"}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            self.asked.append("trade")
            assert request.extensions["timeout"]["read"] == 10.0
            if not self.trades:
                return httpx.Response(404)
            token = f"token{len(self.asked)}"
            self.known.add(token)
            return httpx.Response(200, json={"access_token": token, "expires_in": 900.0})
        kind, _, secret = request.headers["Authorization"].partition(" ")
        self.asked.append(kind)
        known = secret in self.known if kind == "Bearer" else secret in self.keys
        return httpx.Response(200 if known else 401)


def client(server: Callable[..., Any], clock: Callable[[], float] = lambda: 0.0) -> httpx.Client:
    return httpx.Client(
        transport=httpx.MockTransport(server), auth=TokenAuth(URI, "key", clock), timeout=10.0, base_url=URI
    )


def test_the_key_is_traded_once() -> None:
    server = Server()
    with client(server) as requests:
        assert [requests.get("/").status_code for _ in range(3)] == [200] * 3
    assert server.asked == ["trade", "Bearer", "Bearer", "Bearer"]


def test_the_token_is_renewed_before_it_ends() -> None:
    server, now = Server(), [0.0]
    with client(server, lambda: now[0]) as requests:
        for now[0] in (0.0, 800.0, 850.0, 1000.0):
            assert requests.get("/").status_code == 200
    assert server.asked == ["trade", "Bearer", "Bearer", "trade", "Bearer", "Bearer"]


def test_a_server_that_forgot_the_token_gets_the_key_and_trades_again() -> None:
    server = Server()
    with client(server) as requests:
        requests.get("/")
        server.known.clear()
        assert requests.get("/").status_code == 200
        assert requests.get("/").status_code == 200
    assert server.asked == ["trade", "Bearer", "Bearer", "Apikey", "trade", "Bearer"]


def test_a_server_without_tokens_gets_the_key() -> None:
    server = Server()
    server.trades = False
    with client(server) as requests:
        assert [requests.get("/").status_code for _ in range(2)] == [200, 200]
    assert server.asked == ["trade", "Apikey", "Apikey"]


def test_a_key_that_was_revoked_is_refused() -> None:
    server = Server()
    server.trades = False
    server.keys.clear()
    with client(server) as requests:
        assert requests.get("/").status_code == 401
