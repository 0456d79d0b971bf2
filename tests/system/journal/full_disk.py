"""Scan into a journal on a small disk that fills up, in a mount namespace; say on stdout what came of it."""

import json
import subprocess
import sys
from pathlib import Path

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import numpy as np
from bluesky import RunEngine
from ophyd import Signal

from stemline.tiled_config.journal import Journal
from stemline.tiled_config.journal.file import is_written, read

kind, folder, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
disk = folder / "disk"
disk.mkdir()
if kind == "tmpfs":
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "journal-test", str(disk)]
else:
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], check=True)
    mount = ["mount", "-o", "loop", str(image), str(disk)]
if subprocess.run(mount, capture_output=True).returncode:
    print(json.dumps({"skip": f"{kind} can't be mounted here"}))
    sys.exit()

spectrum, flag = Signal(name="spectrum", value=np.zeros(1)), Signal(name="flag", value=0)
numbers = np.random.default_rng(0)


@bpp.run_decorator(md={"num_points": 5, "plan_name": "grows"})
def plan():
    def points():
        while True:
            spectrum.put(numbers.normal(size=600))
            yield from bps.trigger_and_read([spectrum])

    def cleanup():
        flag.put(1)
        yield from bps.trigger_and_read([flag], name="cleanup")

    yield from bpp.finalize_wrapper(points(), cleanup)


heard, error = [], ""
with Journal(disk / "journal", reserve=200_000, min_free=100_000) as journal:
    engine = RunEngine(call_returns_result=False)
    engine.subscribe(journal)
    engine.subscribe(lambda name, doc: heard.append(name))
    try:
        engine(plan())
    except Exception as caught:
        error = f"{type(caught).__name__}: {caught}"
    (path,) = (disk / "journal").iterdir()
    documents, end = read(path)
    answer = {
        "error": error,
        "documents": [name for name, _ in documents],
        "last_events": [doc["data"].get("flag") for name, doc in documents if name == "event"][-2:],
        "stop": documents[-1][1],
        "events": sum(name == "event" for name, _ in documents),
        "heard": heard.count("event"),
        "whole": end == path.stat().st_size,
        "held": is_written(path),
    }
    # The disk is still full: a run that would begin now is refused.
    try:
        engine(plan())
    except Exception as caught:
        answer["next"] = str(caught)
    answer["journals"] = len(list((disk / "journal").iterdir()))
print(json.dumps(answer))
