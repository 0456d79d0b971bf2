"""Plans: Bluesky's own, and the experiments of this session, as the queue server checks and shows them."""

# ruff: noqa: F821 - `session` comes from 00-session.py
import bluesky.plan_stubs as bps
import bluesky.plans as bp

from stemline.queue.annotated import annotated
from stemline.suggested_points import SuggestedPoints

count, scan, rel_scan, list_scan, grid_scan, mv = (
    annotated(plan, microscope)
    for plan in (bp.count, bp.scan, bp.rel_scan, bp.list_scan, bp.grid_scan, bps.mv)
)
adaptive_spectroscopy = annotated(session.experiments.adaptive_spectroscopy, microscope)
random_spectroscopy = annotated(session.experiments.random_spectroscopy, microscope)
grid_spectroscopy = annotated(session.experiments.grid_spectroscopy, microscope)
survey = annotated(session.experiments.survey, microscope)
fly_4dstem = annotated(session.experiments.fly_4dstem, microscope)
points = SuggestedPoints(microscope, session.config.experiment.make_scalariser())
measure_suggestions = annotated(points.measure_suggestions, microscope)
