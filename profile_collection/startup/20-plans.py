"""Plans: Bluesky's own, and the experiments of this session."""

# ruff: noqa: F821 - `session` comes from 00-session.py
import bluesky.plan_stubs as bps  # noqa: F401
import bluesky.plans as bp  # noqa: F401
from bluesky.callbacks.best_effort import BestEffortCallback

bec = BestEffortCallback()
bec.disable_plots()
RE.subscribe(bec)

adaptive_spectroscopy = session.experiments.adaptive_spectroscopy
random_spectroscopy = session.experiments.random_spectroscopy
grid_spectroscopy = session.experiments.grid_spectroscopy
survey = session.experiments.survey
