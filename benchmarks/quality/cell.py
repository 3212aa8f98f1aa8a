"""One model on one fold, in a process of its own, so that nothing else is counted.

    python -m benchmarks.quality.cell FOLDER SET MODEL FOLD THREADS

Writes the probabilities of the test rows and prints what the fit took as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from pathlib import Path


def main(folder: str, name: str, model: str, fold: str, threads: str) -> None:
    """Fit, predict, and tell what it took."""
    for library in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{library}_NUM_THREADS"] = threads  # read when they are loaded
    import numpy as np
    import torch

    from benchmarks.quality.folds import cut, predictions, work_of
    from benchmarks.quality.models import MODELS
    from benchmarks.quality.peers import Clock
    from benchmarks.quality.sets import SNAPSHOTS, read

    torch.set_num_threads(int(threads))
    data = read(name, Path(folder))
    found = {one.name: one for one in cut(data.rows, SNAPSHOTS.get(name))}
    work, test = work_of(data, found[fold], threads=int(threads))
    for module in MODELS[model].imports:
        importlib.import_module(module)
    clock = Clock()
    fitted = MODELS[model].fit(work)
    taken = clock.taken()
    path = predictions(Path(folder), name, model, fold)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.asarray(fitted.predict(test), dtype=np.float64))
    told = {
        "seconds": taken.seconds,
        "cpu_seconds": taken.cpu_seconds,
        "tuning_seconds": fitted.tuning.seconds,
        "tuning_cpu_seconds": fitted.tuning.cpu_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps({key: round(value, 2) for key, value in told.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
