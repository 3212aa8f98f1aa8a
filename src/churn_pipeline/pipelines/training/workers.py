"""Fitting the candidates at the same time, each in a process where that helps."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection

from churn_pipeline.models.calibration import Floats
from churn_pipeline.models.conformal import Conformal
from churn_pipeline.pipelines.training.families import Family
from churn_pipeline.pipelines.training.package import calibrate
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import Splits


class CandidateError(RuntimeError):
    """A candidate could not be trained."""


@dataclass(frozen=True)
class Job:
    """What a process needs to make one candidate.

    Attributes:
        family: How it is fit.
        splits: Labelled rows, without the test split.
        training: Settings of every family.
        seed: Of what is drawn at random.
        threads: Threads of the fit, at least 1.
    """

    family: Family
    splits: Splits
    training: Training
    seed: int
    threads: int


@dataclass(frozen=True)
class Fitted:
    """A calibrated candidate as the artifact's files.

    Attributes:
        model: The ONNX model.
        weights: Everything learnt, as safetensors.
        held_out: float64, (n_training_rows,): calibrated probabilities of each
            training row, by models that were not fit on it.
        conformal: Which probabilities leave it open whether a customer leaves.
        seconds: Wall time of the fit, the calibration and the export.
    """

    model: bytes
    weights: bytes
    held_out: Floats
    conformal: Conformal
    seconds: float


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fit_candidate(job: Job) -> Fitted:
    """Return the fitted, calibrated and exported candidate."""
    from threadpoolctl import threadpool_limits

    began = time.perf_counter()
    for library in job.family.libraries:
        import_module(library)  # only what is loaded can be limited
    with threadpool_limits(job.threads):
        fitted = job.family.fit(job.splits, job.training, job.seed)
        classifier = calibrate(fitted, job.splits, job.training)
        held_out = classifier.calibration.probability(fitted.held_out)
        files = classifier.to_onnx(), classifier.to_safetensors()
    seconds = round(time.perf_counter() - began, 3)
    return Fitted(*files, held_out, classifier.conformal, seconds)


def fit_all(
    jobs: Mapping[str, Job], *, processes: int, on_done: Callable[[str], None]
) -> dict[str, Fitted]:
    """Return the candidates by name, in the order given.

    Args:
        jobs: What to fit, by name.
        processes: How many fit at the same time, this one included; with 1, all are
            fit here, one after the other. The candidates are the same either way.
        on_done: Told the name of each one that has ended, from any thread.

    Raises:
        CandidateError: One could not be fit.
    """
    here = [n for n, job in jobs.items() if processes == 1 or job.family.on_device]
    away = [name for name in jobs if name not in here]
    found = {}
    with _pool(max(1, min(len(away), processes - bool(here)))) as pool:
        futures = {name: pool.submit(fit_candidate, jobs[name]) for name in away}
        for name, future in futures.items():
            future.add_done_callback(lambda _, name=name: on_done(name))  # type: ignore[misc]
        for name in here:
            found[name] = _named(name, lambda name=name: fit_candidate(jobs[name]))  # type: ignore[misc]
            on_done(name)
        found |= {name: _named(name, futures[name].result) for name in away}
    return {name: found[name] for name in jobs}


def _named(name: str, make: Callable[[], Fitted]) -> Fitted:
    """Return what `make` returns; what it raises is told with the name."""
    try:
        return make()
    except BrokenProcessPool as error:
        raise CandidateError(
            f"expected the candidate {name!r} to be trained, but its process was "
            "ended from outside (often for want of memory); give more memory, or set "
            "training.processes to 1"
        ) from error
    except Exception as error:
        raise CandidateError(
            f"expected the candidate {name!r} to be trained, got "
            f"{type(error).__name__}: {error}; mend it, or leave {name!r} out of "
            "training.candidates"
        ) from error


@contextmanager
def _pool(n_processes: int) -> Iterator[Executor]:
    """Yield worker processes that end with the block, and with this process.

    They are spawned, since a fork of a process in which torch has run can hang.
    """
    context = multiprocessing.get_context("spawn")
    alive, held = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        n_processes, mp_context=context, initializer=_begin, initargs=(alive,)
    )
    try:
        yield pool
    finally:
        held.close()  # a fit cannot be cancelled: its process ends when this does
        pool.shutdown(cancel_futures=True)
        alive.close()


def _begin(alive: Connection) -> None:
    """Prepare a worker: no interrupt, no accelerator, no life after its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends it
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()


def _end_with(alive: Connection) -> None:
    alive.poll(None)  # nothing is ever sent: it returns when the other end is closed
    os._exit(1)
