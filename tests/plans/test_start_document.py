from dataclasses import dataclass

import numpy as np
from bluesky.callbacks.best_effort import BestEffortCallback

from stemline.plans.grid_spectroscopy import grid_spectroscopy
from stemline.plans.start_document import plain


@dataclass(frozen=True)
class Options:
    window: tuple[float, float]
    path: object


def test_everything_becomes_json():
    value = {"a": Options((1.0, 2.0), object), "b": np.arange(3), "c": np.float32(0.5)}
    assert plain(value) == {
        "a": {"window": [1.0, 2.0], "path": "<class 'object'>"},
        "b": [0, 1, 2],
        "c": 0.5,
    }


def test_the_best_effort_callback_makes_a_table_of_it(engine, microscope, records, scalarise, capsys):
    table = BestEffortCallback()
    table.disable_plots()
    engine.subscribe(table)
    engine(grid_spectroscopy(microscope, records, scalarise, dwell_time=0.1, candidate_grid=(3, 4)))
    header = next(line for line in capsys.readouterr().out.splitlines() if "seq_num" in line)
    for column in ("scanner_x", "scanner_y", "scalar_value"):
        assert column in header
