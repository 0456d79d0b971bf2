"""Open the session that STEMLINE_CONFIG names; without it, the built-in simulation."""

import os
from multiprocessing.util import Finalize
from pathlib import Path

from stemline.config import load
from stemline.queue.worker_lock import hold_if_worker
from stemline.session import Session
from stemline.sigterm import close_on_sigterm

config = load(Path(os.environ["STEMLINE_CONFIG"]) if os.environ.get("STEMLINE_CONFIG") else None)
lock = hold_if_worker(config.data)
# The catalog is `stemline queue`'s: it is there while this environment is not.
session = Session(config, shared=lock is not None).open()
# Not atexit: the queue server's worker is a child process, which ends without it.
Finalize(None, session.close, exitpriority=10)
RE = session.RE
close_on_sigterm(RE, session.close)
