"""How often the sequential test is wrong, and how many customers an A/B needs.

    python -m benchmarks.experiments [--runs 1000] [--customers 20000] [--write]

Every run is looked at after every single customer, which is the worst that a
fixed-sample test can be exposed to.
`--write` renews docs/experiments.svg. numpy alone; the runs are whole arrays.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.experiments_customers import CHAMPION, arm, change
from benchmarks.experiments_picture import draw
from churn_pipeline.evaluation.sequential import (
    Interval,
    Sums,
    bets_on_ratio,
    bets_over,
    difference,
    evidence,
    paired,
)

Floats = NDArray[np.float64]
LEVEL = 0.05
BATCH = 50
PICTURE = Path(__file__).parents[1] / "docs/experiments.svg"
METRICS = ("log loss", "Brier", "retained money")
NORMAL = 1.959963985
POWERS = (0.5, 0.8, 0.9)


def batches(runs: int) -> list[int]:
    """Return sizes of batches that fit the memory."""
    return [min(BATCH, runs - start) for start in range(0, runs, BATCH)]


def even(customers: int) -> tuple[Floats, Floats]:
    """Return how many of each arm there are at each look: alternately."""
    n = np.arange(1.0, customers // 2 + 1)
    return n, n


def uneven(customers: int, share: float) -> tuple[Floats, Floats]:
    """Return how many of each arm there are when a challenger comes, share of all."""
    b = np.arange(1.0, int(customers * share) + 1)
    return np.floor(b / share * (1 - share)), b


def looks(
    rng: np.random.Generator,
    runs: int,
    metric: str,
    known: tuple[float, float],
    sizes: tuple[Floats, Floats],
) -> tuple[Sums, Sums]:
    """Draw runs and return both arms' sums at every look, (1, runs, looks)."""
    found = []
    for part, n in zip(known, sizes, strict=True):
        at = n.astype(int)
        sums = Sums.running(arm(rng, part, (runs, int(at[-1])), metric))
        found.append(Sums(*(np.take(s, at - 1, axis=-1) for s in vars(sums).values())))
    return found[0], found[1]


def peeked(a: Sums, b: Sums) -> Interval:
    """Return the fixed-sample interval at every look, from 100 customers an arm."""
    n_a, n_b = a.n[0], b.n[0]
    mean_a, mean_b = a.total[0] / n_a, b.total[0] / n_b
    var_a = (a.squares[0] - n_a * mean_a**2) / np.maximum(n_a - 1, 1)
    var_b = (b.squares[0] - n_b * mean_b**2) / np.maximum(n_b - 1, 1)
    error = NORMAL * np.sqrt(np.maximum(var_a / n_a + var_b / n_b, 0))
    error = np.where(np.minimum(n_a, n_b) >= 100, error, np.inf)
    return Interval(mean_b - mean_a, mean_b - mean_a - error, mean_b - mean_a + error)


def outside(interval: Interval) -> NDArray[np.bool_]:
    """Return where the interval leaves out 0."""
    return (interval.low > 0) | (interval.high < 0)


def ever(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether it was so at any look until then."""
    return np.logical_or.accumulate(found, axis=-1)


def alarms(
    metric: str, sizes: tuple[Floats, Floats], runs: int, planned: float
) -> tuple[Floats, Floats]:
    """Return the share of A/A runs alarmed by each look: always-valid, and peeking."""
    rng = np.random.default_rng(1)
    ours, theirs = np.zeros(len(sizes[0])), np.zeros(len(sizes[0]))
    for size in batches(runs):
        a, b = looks(rng, size, metric, (CHAMPION, CHAMPION), sizes)
        valid = difference(a, b, level=LEVEL, planned=planned)
        ours += ever(outside(valid)).sum(axis=0)
        theirs += ever(outside(peeked(a, b))).sum(axis=0)
    return ours / runs, theirs / runs


@dataclass(frozen=True)
class Needed:
    """What it takes to tell a better model.

    Attributes:
        lift: Change of the metric, as a part of the champion's.
        fixed: Customers of both arms that a fixed-sample test needs for 80 %, which
            may be looked at once.
        at: Customers of both arms at which 50, 80 and 90 % of the runs have told.
    """

    lift: float
    fixed: float
    at: tuple[float, ...]


def needed(metric: str, known: float, runs: int, most: int, planned: float) -> Needed:
    """Run A/Bs with a better challenger, looked at after every customer."""
    rng = np.random.default_rng(2)
    told, ends = np.zeros(most // 2), []
    for size in batches(runs):
        a, b = looks(rng, size, metric, (CHAMPION, known), even(most))
        valid = difference(a, b, level=LEVEL, planned=planned)
        right = valid.low > 0 if metric == "retained money" else valid.high < 0
        told += ever(right).sum(axis=0)
        gap = valid.difference[:, -1].mean()
        mean = a.total[0, :, -1].mean() / a.n[0, ..., -1].mean()
        spread = np.mean([_last(a), _last(b)])
        ends.append((gap / mean, 4 * (NORMAL + 0.8416) ** 2 * spread / gap**2))
    lift, fixed = np.mean(ends, axis=0)
    at = tuple(2 * first(told / runs, power) for power in POWERS)
    return Needed(float(lift), float(fixed), at)


def needed_by_shadow(known: float, runs: int, most: int, planned: float) -> float:
    """Return the customers at whom 80 % of the runs have told a better shadow."""
    rng = np.random.default_rng(4)
    told = np.zeros(most)
    for size in batches(runs):
        sums = Sums.running(change(rng, known, (size, most)))
        told += ever(paired(sums, level=LEVEL, planned=planned).high < 0).sum(axis=0)
    return first(told / runs, 0.8)


def first(reached: Floats, power: float) -> float:
    """Return at which look, from 1, a power is reached; infinity: never."""
    return float(np.argmax(reached >= power) + 1) if reached[-1] >= power else np.inf


def _last(sums: Sums) -> float:
    n, total, squares = (s[0, ..., -1] for s in vars(sums).values())
    return float(np.mean(squares / n - (total / n) ** 2))


def guard_alarms(rate: float, ratio: float, share: float, runs: int) -> Floats:
    """Return by which window of 100 answers an errors' guard has stopped, (runs,)."""
    rng, windows = np.random.default_rng(3), 400
    n_b = rng.binomial(100, share, (runs, windows))
    bad_a = rng.binomial(100 - n_b, rate)
    bad_b = rng.binomial(n_b, min(rate * ratio, 1))
    on_ratio = bets_on_ratio(bad_a, 100 - n_b, bad_b, n_b).cumsum(axis=1)
    over = bets_over(bad_b, n_b, 0.01).cumsum(axis=1)
    stopped = (evidence(on_ratio) + evidence(over)) / 2 >= 8 / LEVEL
    return np.where(stopped.any(axis=1), stopped.argmax(axis=1) + 1.0, np.inf)


def wilson(share: float, runs: int) -> str:
    """Return a share with its 95 % interval, in percent."""
    z2 = NORMAL**2
    middle = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    half = NORMAL * np.sqrt(share * (1 - share) / runs + z2 / (4 * runs**2))
    half /= 1 + z2 / runs
    low, high = 100 * (middle - half), 100 * (middle + half)
    return f"{100 * share:.1f} % ({low:.1f} to {high:.1f})"


def show_alarms(runs: int, customers: int) -> tuple[Floats, Floats]:
    """Print false alarms; return those of log loss by look, for the picture."""
    print(
        f"\n| A/A, {runs:,} runs, looked at after every customer | sequential "
        "| fixed-sample test, peeked at |\n| --- | --- | --- |"
    )
    curves = (np.zeros(0), np.zeros(0))
    for metric in METRICS:
        ours, theirs = alarms(metric, even(customers), runs, customers / 2)
        curves = curves if len(curves[0]) else (ours, theirs)
        print(
            f"| {metric}, 50 %, {customers:,} customers | {wilson(ours[-1], runs)} "
            f"| {wilson(theirs[-1], runs)} |"
        )
    for share in (0.05, 0.01):
        ours, theirs = alarms(
            "log loss", uneven(customers * 5, share), runs, customers / 2
        )
        print(
            f"| log loss, {100 * share:.0f} %, {customers * 5:,} customers "
            f"| {wilson(ours[-1], runs)} | {wilson(theirs[-1], runs)} |"
        )
    return curves


def show_needed(runs: int) -> None:
    """Print how many customers an A/B needs."""
    print(
        f"\n| metric ({runs} runs) | lift | told in 50 % | in 80 % | in 90 % of runs "
        "| fixed-sample, one look, 80 % | as a shadow, 80 % |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    for metric, known, most, planned in (
        ("log loss", 0.90, 20_000, 6_000),
        ("log loss", 0.75, 40_000, 15_000),
        ("log loss", 0.65, 120_000, 45_000),
        ("log loss", 0.60, 240_000, 100_000),
        ("retained money", 0.90, 160_000, 60_000),
    ):
        found = needed(metric, known, runs, most, planned)
        cells = " | ".join(f"{n:,.0f}" if n < np.inf else "more" for n in found.at)
        shadow = "-"
        if metric == "log loss":
            at = needed_by_shadow(known, runs, most // 8, planned / 8)
            shadow = f"{at:,.0f}"
        print(
            f"| {metric} | {100 * found.lift:+.1f} % | {cells} | {found.fixed:,.0f} "
            f"| {shadow} |"
        )


def show_guards(runs: int) -> None:
    """Print how the guard of errors does."""
    print(
        "\n| errors of the champion | of the challenger | share | stopped | answers "
        "of the challenger until then, median |\n| --- | --- | --- | --- | --- |"
    )
    for rate, ratio, share in (
        (0.005, 1, 0.05),
        (0.005, 1, 0.5),
        (0.005, 10, 0.05),
        (0.001, 100, 0.01),
        (0.005, 3, 0.5),
    ):
        at = guard_alarms(rate, ratio, share, runs)
        middle = np.median(at[at < np.inf]) * 100 * share if (at < np.inf).any() else 0
        until = f"{middle:,.0f}" if ratio > 1 else "-"
        print(
            f"| {100 * rate:g} % | {100 * rate * ratio:g} % | {100 * share:g} % "
            f"| {wilson(float((at < np.inf).mean()), runs)} | {until} |"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--write", action="store_true", help=f"renew {PICTURE.name}")
    given = parser.parse_args()
    start = time.perf_counter()
    curves = show_alarms(given.runs, given.customers)
    print(f"\n({time.perf_counter() - start:.1f} s)")
    show_guards(given.runs)
    show_needed(min(given.runs, 200))
    print(f"\n({time.perf_counter() - start:.1f} s in all)")
    if given.write:
        draw(curves, LEVEL, PICTURE)


if __name__ == "__main__":
    main()
