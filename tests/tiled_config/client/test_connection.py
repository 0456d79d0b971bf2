from __future__ import annotations

import socket

import pytest

from stemline.tiled_config.client import connect
from stemline.tiled_config.error import CatalogError


def test_nobody_there_is_said_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(
            CatalogError, match=f"no catalog answers at http://127.0.0.1:{port}/api/v1"
        ) as caught:
            connect(f"http://127.0.0.1:{port}/api/v1", "key")
    assert "\n" not in str(caught.value)
