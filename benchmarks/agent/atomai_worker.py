"""AtomAI's dklGPR in a process of its own: it sets the seeds and the default type of numpy and torch.

``python -m benchmarks.agent.atomai_worker`` reads lines of JSON and answers each with one. Of what AtomAI
imports, torchvision (which would replace a CPU build of torch) and mendeleev (an old release) do nothing for
dklGPR: empty modules take their place.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import time
import types
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

CYCLES = 200  # of training, as in the README of AtomAI
LATENT = 2
EMPTY = {
    "torchvision": (),
    "torchvision.models": ("mobilenet_v2", "resnet50", "vgg16"),
    "torchvision.utils": ("make_grid",),
    "mendeleev": ("element",),
}


def answer(atomai: Any, patches: NDArray[np.float64], asked: dict[str, Any]) -> dict[str, Any]:
    """Train from scratch and predict everywhere, as the loop of AtomAI's README does at every step."""
    indices, values = np.array(asked["indices"]), np.array(asked["values"])
    offset, unit = values.mean(), values.std() or 1.0
    start = time.process_time()
    model = atomai.models.dklGPR(patches.shape[1], embedim=LATENT, precision="single", seed=asked["seed"])
    model.fit(patches[indices], (values - offset) / unit, CYCLES, print_loss=10 * CYCLES)
    mean, variance = model.predict(patches)
    noise = float(model.likelihood.noise.detach().mean())
    return {
        "mean": (offset + unit * mean).tolist(),
        "sigma": (unit * np.sqrt(variance)).tolist(),
        "noise": unit * noise**0.5,
        "cpu_s": time.process_time() - start,
    }


def main() -> None:
    """Serve standard input until it ends."""
    warnings.simplefilter("ignore")
    for name, unused in EMPTY.items():
        module = types.ModuleType(name)
        module.__dict__.update(dict.fromkeys(unused))
        sys.modules[name] = module
    with contextlib.redirect_stdout(sys.stderr):
        atomai = importlib.import_module("atomai")
        patches: Any = None
        for line in sys.stdin:
            asked = json.loads(line)
            if "patches" in asked:
                patches = np.load(asked["patches"])
                reply: dict[str, Any] = {"version": atomai.__version__}
            else:
                reply = answer(atomai, patches, asked)
            print(json.dumps(reply), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    main()
