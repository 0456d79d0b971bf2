"""Nion's simulator, headless, served to the Nion driver."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..nion.wire import NionError
from .daemon import listen, read_or_make_token
from .headless import headless, stock
from .service import Service
from .specimen_devices import over_twin

SAMPLES: dict[str, Callable[[], Any]] = {
    "twin": over_twin,
    "flake": lambda: stock(0),
    "amorphous": lambda: stock(1),
    "cts": lambda: stock(2),
}


def main() -> int:
    """Serve until SIGTERM or Ctrl-C, or until a command given has ended; exit with its status."""
    parser = argparse.ArgumentParser(prog="nion_server", description=__doc__)
    parser.add_argument("--sample", choices=SAMPLES, default="twin", help="stemline's, or one of Nion's")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9380, help="0 chooses a free one")
    parser.add_argument("--token-file", type=Path, required=True, help="written if it is not there")
    parser.add_argument(
        "--data", type=Path, default=Path("nion-data"), help="for spectrum images and 4D-STEM"
    )
    parser.add_argument("--certificate", type=Path, help="PEM, for TLS")
    parser.add_argument("--key", type=Path, help="of the certificate, unless it holds it")
    parser.add_argument("command", nargs="*", help="to run meanwhile: after `--`")
    options = parser.parse_args()
    try:
        return _serve(options)
    except NionError as error:
        print(f"nion_server: {error}", file=sys.stderr)
        return 1


def _serve(options: argparse.Namespace) -> int:
    token = read_or_make_token(options.token_file)
    with headless(SAMPLES[options.sample]) as hardware:
        service = Service(hardware, options.data)
        stop = threading.Event()
        try:
            daemon = listen(service, token, options.host, options.port, options.certificate, options.key)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _number, _frame: stop.set())
            threading.Thread(target=daemon.requestLoop, name="pyro", daemon=True).start()
            print(f"Nion server on {daemon.locationStr}, sample {options.sample}", flush=True)
            status = 0
            if options.command:
                status = _run(options.command, stop)
            else:
                stop.wait()
            daemon.shutdown()
            return status
        finally:
            service._close()


def _run(command: list[str], stop: threading.Event) -> int:
    with subprocess.Popen(command) as process:

        def end() -> None:
            stop.wait()
            process.terminate()

        threading.Thread(target=end, daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
