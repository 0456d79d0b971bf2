"""For somebody at a prompt, not for the queue server's worker: the catalog, and tables while measuring."""

# ruff: noqa: F821 - `session` and `RE` come from 00-session.py
from bluesky.callbacks.best_effort import BestEffortCallback
from bluesky_queueserver import is_re_worker_active

if not is_re_worker_active():
    bec = BestEffortCallback()
    bec.disable_plots()
    RE.subscribe(bec)
    catalog = session.catalog
