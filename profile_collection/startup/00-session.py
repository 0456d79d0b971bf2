"""Open the session that STEMLINE_CONFIG names; without it, the built-in simulation."""

import atexit
import os
from pathlib import Path

from stemline.config import load
from stemline.session import Session

session = Session(load(Path(os.environ["STEMLINE_CONFIG"]) if "STEMLINE_CONFIG" in os.environ else None))
session.open()
atexit.register(session.close)  # the last documents are still on their way when the prompt is left
RE = session.RE
catalog = session.catalog
