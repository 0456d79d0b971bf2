"""One process that is told of events over a websocket; says when it is ready, and in the end what came."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from bluesky_tiled_plugins import subscribe_to_streams

from stemline.tiled_config.client import connect


def main() -> None:
    """Subscribe until stdin ends; prints by run the time of each event and when it came [s since 1970]."""
    told = json.loads(sys.stdin.readline())
    came: dict[str, list[tuple[float, float]]] = {}

    def take(update: Any) -> None:
        now = time.time()
        # The update as Tiled sends it: the selected columns do not have the time of the event.
        data = update.update.data()
        if hasattr(data, "columns"):
            came.setdefault(update.run_uid, []).extend((float(then), now) for then in data["time"])

    subscription = subscribe_to_streams(connect(told["uri"], told["key"]), take, streams=None, start=0)
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.read()
    subscription.disconnect()
    print(json.dumps(came), flush=True)


if __name__ == "__main__":
    main()
