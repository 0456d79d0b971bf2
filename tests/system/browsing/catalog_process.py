"""A catalog with our pages, in a folder, until stdin closes."""

from __future__ import annotations

import copy
import os
import socket
import sys
import threading
from typing import Any

import uvicorn
from tiled.config import Config
from tiled.server.app import build_app_from_config

from stemline.tiled_config.pages import browser_pages
from stemline.tiled_config.server.event_storage import give_each_request_its_connection

KEY = "ab" * 16
ADAPTERS = "stemline.tiled_config.adapters"
CONFIG: dict[str, Any] = {
    "authentication": {"single_user_api_key": KEY},
    "trees": [
        {
            "path": "/",
            "tree": "catalog",
            "args": {
                "uri": "sqlite:///catalog.db",
                "init_if_not_exists": True,
                "writable_storage": ["internal", "duckdb:///events.duckdb"],
                "adapters_by_mimetype": {
                    "application/x-hdf5": f"{ADAPTERS}.frame_file_adapter:FrameFileAdapter"
                },
            },
        }
    ],
    "routers": ["stemline.tiled_config.pages.browser_pages:router"],
    "media_types": {
        "BlueskyRun": {"application/json-seq": "bluesky_tiled_plugins.exporters:json_seq_exporter"},
        "table": {"application/json-seq": f"{ADAPTERS}.json_lines:json_lines"},
    },
}


def main(folder: str, *readable: str) -> None:
    os.chdir(folder)
    os.environ["TILED_UI_SETTINGS"] = str(browser_pages.UI_SETTINGS)
    config = copy.deepcopy(CONFIG)
    config["trees"][0]["args"]["readable_storage"] = list(readable)
    app = build_app_from_config(Config.model_validate(config))
    give_each_request_its_connection()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))

    def end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
