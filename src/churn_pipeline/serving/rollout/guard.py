"""What the answers of all workers prove of a challenger: it outlives a restart.

    canary.json           what the bets on errors and on slow answers have won

Each worker adds what its answers of the last second prove; bets on answers of several
workers multiply as those on answers of one do. What cannot be written down is kept
until it can.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from churn_pipeline.evaluation.sequential import (
    OVER,
    RATIOS,
    UNDER,
    Floats,
    bets_on_ratio,
    bets_over,
    bets_under,
    evidence,
)
from churn_pipeline.release.atomic import replace
from churn_pipeline.serving.rollout.spec import Canary, RolloutState

FILE = "canary.json"
LOG = logging.getLogger(__name__)
KINDS = ("answers that failed", "slow answers")
_LOST = -1e9
"""Logarithm that stands in the file for a bet that has lost everything."""
_BETS = {"ratio": RATIOS, "over": OVER, "under": UNDER}


@dataclass(slots=True)
class Guard:
    """The bets on one kind of bad answer.

    Attributes:
        kind: What is wrong with a bad answer.
        ratio: Logarithms of what bets on more of it than the champion's have won.
        over: The same of bets on more than the limit.
        under: The same of bets on less than the limit, at this step.
    """

    kind: str
    ratio: Floats
    over: Floats
    under: Floats

    @classmethod
    def of(cls, kind: str) -> Guard:
        """Return one that has seen nothing."""
        return cls(kind, *(np.zeros(len(rates)) for rates in _BETS.values()))

    def see(self, window: Floats, limit: float) -> None:
        """Take in a window: champion's bad ones and answers, challenger's likewise."""
        self.ratio = self.ratio + bets_on_ratio(*window)
        self.over = self.over + bets_over(window[2], window[3], limit)
        self.under = self.under + bets_under(window[2], window[3], limit)

    @property
    def harm(self) -> float:
        """Evidence that there are more than the champion has, or than the limit."""
        return float(evidence(self.ratio) + evidence(self.over)) / 2


class Evidence:
    """The bets on a challenger, shared by all workers through a file.

    Attributes:
        guards: One of each kind, as they stood when they were last looked at.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self._path = path
        self.guards = _fresh()
        self._waiting: list[Floats] = []
        self._experiment, self._failing = "", False

    def add(self, counts: Floats, state: RolloutState, plan: Canary) -> list[Guard]:
        """Add what a worker has counted; return what all of it proves.

        Args:
            counts: float64, (2, 3): all, failed and slow answers of the champion, and
                of the challenger.
            state: The rollout in force.
            plan: Its canary.
        """
        if self._experiment != state.name:  # what waits is of another challenger
            self.guards, self._waiting = _fresh(), []
            self._experiment = state.name
        if counts.any():
            self._waiting.append(counts)
        try:
            with self._locked():
                guards = self._read(state)
                if self._waiting:
                    _see(guards, self._waiting, plan)
                    self._write(guards, state)
            self.guards, self._waiting, self._failing = guards, [], False
        except OSError as error:
            if not self._failing:
                LOG.error("the canary's counts are kept by each worker: %s", error)
            self._failing = True
            _see(self.guards, [counts], plan)
        return self.guards

    def forget(self) -> None:
        """Begin anew: who sets a stopped challenger going again, tries again."""
        self.guards, self._waiting = _fresh(), []
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            LOG.error("%s stays: %s", self._path, error)

    def _read(self, state: RolloutState) -> list[Guard]:
        """Return what is known; praise of an earlier step is not kept."""
        guards = _fresh()
        try:
            known = json.loads(self._path.read_bytes())
            if known["experiment"] != state.name:
                return guards
            kept = _BETS if known["version"] == state.version else ("ratio", "over")
            for guard, found in zip(guards, known["guards"], strict=True):
                for bets in kept:
                    _put(guard, bets, found[bets])
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            LOG.error("%s says nothing, counted anew: %s", self._path, error)
            return _fresh()
        return guards

    def _write(self, guards: Sequence[Guard], state: RolloutState) -> None:
        told = [
            {"kind": guard.kind}
            | {n: np.maximum(getattr(guard, n), _LOST).tolist() for n in _BETS}
            for guard in guards
        ]
        known = {"experiment": state.name, "version": state.version, "guards": told}
        replace(self._path, json.dumps(known) + "\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(f".{self._path.name}.lock")
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _fresh() -> list[Guard]:
    return [Guard.of(kind) for kind in KINDS]


def _see(guards: Sequence[Guard], windows: Sequence[Floats], plan: Canary) -> None:
    limits = (plan.error_limit, plan.slow_limit)
    for kind, (guard, limit) in enumerate(zip(guards, limits, strict=True), start=1):
        for first, second in windows:
            window = np.array([first[kind], first[0], second[kind], second[0]])
            guard.see(window, limit)


def _put(guard: Guard, bets: str, values: Any) -> None:
    found = np.asarray(values, np.float64)
    if found.shape != _BETS[bets].shape:
        raise ValueError(f"expected {len(_BETS[bets])} numbers in {bets}")
    setattr(guard, bets, found)
