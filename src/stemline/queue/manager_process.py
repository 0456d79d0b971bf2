"""The RE manager: `python -m stemline.queue.manager_process`, which is `start-re-manager` with a leash.

The manager forks two processes, itself and the worker; killed without warning, it would leave them behind.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from bluesky_queueserver.manager.start_manager import start_manager

from .parent import end_with_parent


def main() -> None:
    """Run the manager with the configuration files named on stdin: its own, and the session's."""
    settings = json.loads(sys.stdin.readline())
    end_with_parent(settings["parent"])
    here = os.getpid()
    os.register_at_fork(after_in_child=lambda: end_with_parent(here, signal.SIGKILL))
    os.environ["STEMLINE_CONFIG"] = settings["session"]  # as the startup files ask for it
    sys.argv = ["start-re-manager", "--config", settings["config"]]
    sys.exit(start_manager())


if __name__ == "__main__":
    main()
