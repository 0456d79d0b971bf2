"""The queue server's HTTP interface: `python -m stemline.queue.http_process`.

Not the console script, which logs its key.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import uvicorn
from bluesky_httpserver.app import build_app
from bluesky_httpserver.config import construct_build_app_kwargs

from .parent import end_with_parent

POLICY = "bluesky_httpserver.authorization:"


def configuration(settings: dict[str, Any]) -> dict[str, Any]:
    """Say what bluesky-httpserver's configuration file would: one key, what it opens, for which group."""
    roles = {"unauthenticated_single_user": {"scopes_set": settings["scopes"]}} if settings["scopes"] else {}
    return {
        "authentication": {
            "single_user_api_key": Path(settings["key_file"]).read_text().strip(),
            "allow_anonymous_access": False,
        },
        "api_access": {"policy": f"{POLICY}BasicAPIAccessControl", "args": {"roles": roles}},
        "resource_access": {
            "policy": f"{POLICY}DefaultResourceAccessControl",
            "args": {"default_group": settings["group"]},
        },
        "qserver_zmq_configuration": {
            "control_address": settings["control"],
            "info_address": settings["info"],
        },
    }


def main() -> None:
    """Serve as told on stdin until SIGTERM."""
    settings = json.loads(sys.stdin.readline())
    end_with_parent(settings["parent"])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = build_app(**construct_build_app_kwargs(configuration(settings)))
    # No access log: a browser carries the key in its addresses.
    uvicorn.run(app, host="127.0.0.1", port=settings["port"], access_log=False, log_config=None)


if __name__ == "__main__":
    main()
