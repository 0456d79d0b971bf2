"""A process that ends when its parent does, even if that is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def end_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """Let the kernel send `number` to this process when its parent ends; survives `exec`, not `fork`.

    Nothing is done where the system is not Linux: there a killed parent leaves its children to be ended by
    hand.

    Parameters
    ----------
    parent
        Process id of the parent; if it has ended already, so does this process.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit(1)
