"""An IOC as the child of a session: configuration on standard input, the port on standard output.

It ends when standard input does, so that it never outlives its parent, however that died.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading

from .config import IOCConfig
from .ioc import IOC
from .server import serve


def end_with_parent() -> None:
    """Wait for the end of standard input, say so, then stop as SIGTERM would: blank, close files, exit."""
    sys.stdin.read()
    with contextlib.suppress(OSError):  # the parent may be dead
        os.write(sys.stdout.fileno(), json.dumps({"ending": True}).encode() + b"\n")
    os.kill(os.getpid(), signal.SIGTERM)


def announce(ioc: IOC) -> None:
    """Tell the parent where to connect."""
    print(json.dumps({"port": ioc.port, "size": ioc.size}), flush=True)
    threading.Thread(target=end_with_parent, daemon=True).start()


def main() -> int:
    """Serve; a failure to start is one line of JSON."""
    try:
        serve(IOCConfig.model_validate_json(sys.stdin.readline()), announce)
    except Exception as error:
        print(json.dumps({"error": " ".join(str(error).split()) or type(error).__name__}), flush=True)
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
