"""Open the session that STEMLINE_CONFIG names; without it, the built-in simulation."""

import os
from pathlib import Path

from stemline.config import load
from stemline.session import Session

session = Session(load(Path(os.environ["STEMLINE_CONFIG"]) if "STEMLINE_CONFIG" in os.environ else None))
session.open()
RE = session.RE
catalog = session.catalog
