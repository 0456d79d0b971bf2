"""SIGTERM and SIGHUP end a command as Ctrl-C does: the run closed as aborted, the beam blanked."""

from __future__ import annotations

import signal


class StopRequest:
    """Who asked this process to stop; a process has one set of signal handlers, so there is one of this.

    Attributes
    ----------
    name
        "Ctrl-C", or the name of the signal.
    """

    name = "Ctrl-C"

    @classmethod
    def listen(cls) -> None:
        """Take SIGTERM and SIGHUP for Ctrl-C from now on."""
        for polite in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(polite, cls._pass_on)

    @classmethod
    def _pass_on(cls, number: int, frame: object) -> None:
        cls.name = signal.Signals(number).name
        # Shells have what they start with `&` ignore SIGINT.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.raise_signal(signal.SIGINT)
