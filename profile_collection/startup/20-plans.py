"""Plans: Bluesky's own, and the experiments of this session, as the queue server checks and shows them."""

# ruff: noqa: F821 - `session` comes from 00-session.py
import bluesky.plan_stubs as bps
import bluesky.plans as bp

from stemline.queue.annotated import annotated
from stemline.suggested_points import SuggestedPoints

own = bp.count, bp.scan, bp.rel_scan, bp.list_scan, bp.grid_scan, bps.mv
count, scan, rel_scan, list_scan, grid_scan, mv = (annotated(plan, microscope) for plan in own)
runs = session.experiments
adaptive_spectroscopy = annotated(runs.adaptive_spectroscopy, microscope)
random_spectroscopy = annotated(runs.random_spectroscopy, microscope)
grid_spectroscopy = annotated(runs.grid_spectroscopy, microscope)
more = runs.adaptive_diffraction, runs.random_diffraction, runs.survey, runs.fly_4dstem
adaptive_diffraction, random_diffraction, survey, fly_4dstem = (annotated(p, microscope) for p in more)
pin, veto = runs.steering.pin, session.experiments.steering.veto
points = SuggestedPoints(microscope, session.config.experiment.make_scalariser())
measure_suggestions = annotated(points.measure_suggestions, microscope)
