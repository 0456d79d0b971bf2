"""The Pyro daemon: who may connect, and how."""

from __future__ import annotations

import hmac
import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any

import Pyro5.api
import Pyro5.serializers

from ..nion.wire import OBJECT, SERIALIZER, NionError, register_errors
from .service import Service


class _Daemon(Pyro5.api.Daemon):  # type: ignore[misc]  # Pyro5 is not typed
    """Lets in who shows the token."""

    def __init__(self, token: str, host: str, port: int) -> None:
        self._token = token
        super().__init__(host=host, port=port)

    def validateHandshake(self, conn: Any, data: Any) -> str:  # noqa: N802  # Pyro's name
        shown = data.get("token") if isinstance(data, dict) else None
        if not (isinstance(shown, str) and hmac.compare_digest(shown.encode(), self._token.encode())):
            raise NionError("wrong token")
        return "welcome"


def listen(
    service: Service, token: str, host: str, port: int, certificate: Path | None, key: Path | None
) -> Pyro5.api.Daemon:
    """Make the daemon, which serves when its `requestLoop` is run.

    Raises
    ------
    NionError
        If the address can't be had, or would show the token to a network.
    """
    if certificate is None and not ipaddress.ip_address(host).is_loopback:
        raise NionError(
            f"{host} is reachable from outside: give --certificate and --key, or listen on 127.0.0.1"
        )
    Pyro5.config.SERIALIZER = SERIALIZER
    Pyro5.config.SERVERTYPE = "thread"
    if certificate is not None:
        Pyro5.config.SSL = True
        Pyro5.config.SSL_SERVERCERT = str(certificate)
        Pyro5.config.SSL_SERVERKEY = "" if key is None else str(key)
    # marshal is not made for data from others
    marshal = Pyro5.serializers.serializers.pop("marshal", None)
    if marshal is not None:
        Pyro5.serializers.serializers_by_id.pop(marshal.serializer_id, None)
    register_errors()
    try:
        daemon = _Daemon(token, host, port)
    except OSError as error:
        raise NionError(f"can't listen on {host}:{port}: {error.strerror or error}") from error
    daemon.register(service, OBJECT)
    return daemon


def read_or_make_token(path: Path) -> str:
    """Read the token, which a first start writes so that only its owner can read it.

    Raises
    ------
    NionError
        If there is a file without a token.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    token = path.read_text().strip()
    if len(token) < 16:
        raise NionError(f"{path} holds no token: delete it, and the server writes one")
    return token
