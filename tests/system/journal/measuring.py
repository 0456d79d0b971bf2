"""Hand the documents of a run without end to a journal, as fast as it takes them."""

import sys
from itertools import count
from pathlib import Path

import event_model

from stemline.tiled_config.journal import Journal

journal = Journal(Path(sys.argv[1]))
run = event_model.compose_run(metadata={"num_points": 1_000_000})
primary = run.compose_descriptor(
    name="primary", data_keys={"x": {"dtype": "number", "shape": [], "source": "test"}}
)
journal("start", run.start_doc)
journal("descriptor", primary.descriptor_doc)
print(run.start_doc["uid"], flush=True)
for number in count(1):
    journal("event", primary.compose_event(data={"x": number / 7}, timestamps={"x": 1.0}))
    print(number, flush=True)
