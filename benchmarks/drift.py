"""How often quiet weeks alarm, and which of ten planted drifts are found, and when.

    python -m benchmarks.drift [--companies 20] [--weeks 10] [--seed 100]
        [--processes 2] [--keep FOLDER] [--write]

`--keep` keeps the simulated features for a second time; `--write` renews
docs/benchmarks-drift.svg. About 10 minutes of processor time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.drift_company import REFERENCE, Company, champion, sample, simulated
from benchmarks.drift_picture import draw
from benchmarks.drift_planted import DRIFTS, Planted
from churn_pipeline.evaluation.intervals import share_interval
from churn_pipeline.monitoring.drift import DriftRule, Sample
from churn_pipeline.monitoring.evidently_verdict import (
    EvidentlyVerdict,
    evidently_verdict,
)
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.judge import Model, Windows, judge
from churn_pipeline.monitoring.target import TargetVerdict, target_drift
from churn_pipeline.monitoring.verdict import PREDICTION, DriftVerdict

RULE = DriftRule()
PICTURE = Path(__file__).parents[1] / "docs/benchmarks-drift.svg"
BATCH, BATCHES, COMPANY = 12_000, 2, 8_000
SETTLED_WEEKS = 11
FIRST = 60
"""The first week that has a reference before it."""
EVIDENTLY_EVERY = 5


@dataclass
class Watched:
    """A company that is watched week by week, with one champion."""

    company: Company
    start: int
    seed: int
    past: list[Watch] = field(default_factory=list)

    def __post_init__(self) -> None:
        features = self.company.features
        self.known = self.company.at(*(self.start + week for week in REFERENCE))
        self.model: Model = champion(self.known, features)
        self.reference: Sample = sample(self.known, features, self.model)
        self.kinds = {feature.name: feature.type for feature in features.features}

    def rows(self, week: int) -> pd.DataFrame:
        """Return the rows of a week, counted from the start."""
        return self.company.at(self.start + week)

    def judge(
        self, week: int, rows: pd.DataFrame, labelled: pd.DataFrame
    ) -> DriftVerdict:
        """Return the verdict on a week, and keep its watch.

        Args:
            week: Counted from the start.
            rows: Its rows.
            labelled: Rows whose labels have just been settled.
        """
        current = sample(rows, self.company.features, self.model)
        verdict = judge(
            self.reference,
            current,
            self.kinds,
            model=self.model,
            rule=RULE,
            seed=self.seed + week,
            windows=Windows(self.past),
            target=self._target(labelled),
        )
        self.past.append(verdict.watch())
        return verdict

    def _target(self, labelled: pd.DataFrame) -> TargetVerdict | None:
        parts = [
            (
                rows["label"].to_numpy(float),
                pd.to_datetime(rows["observation_date"]).to_numpy("datetime64[D]"),
            )
            for rows in (self.known, labelled)
        ]
        return target_drift(parts[0], parts[1], until=dt.date.max, rule=RULE)

    def evidently(self, rows: pd.DataFrame, verdict: DriftVerdict) -> EvidentlyVerdict:
        """Return Evidently's own verdict on the same rows."""
        frames = [
            frame.assign(**{PREDICTION: self.model.predict(frame)})
            for frame in (self.known, rows)
        ]
        return evidently_verdict(*frames, [verdict.prediction, *verdict.columns])


Told = tuple[DriftVerdict, EvidentlyVerdict | None]


def quiet(group: int, companies: int, weeks: int, seed: int, keep: Path) -> list[Told]:
    """Return the verdicts on the quiet weeks of one company of so many.

    Each begins at another time of the year; half of them are of another simulation.
    """
    batch, member = divmod(group, companies // BATCHES)
    whole = simulated(BATCH, seed=seed + batch, keep=keep)
    last = len(whole.weeks) - weeks
    start = FIRST + round((last - FIRST) * group / max(companies - 1, 1))
    company = whole.of(member, companies // BATCHES)
    watched = Watched(company, start, seed=1000 * group)
    told: list[Told] = []
    for week in range(weeks):
        rows = watched.rows(week)
        verdict = watched.judge(week, rows, watched.rows(week - SETTLED_WEEKS))
        beside = week % EVIDENTLY_EVERY == 0
        told.append((verdict, watched.evidently(rows, verdict) if beside else None))
    return told


def planted(
    number: int, keep: Path
) -> list[tuple[int, DriftVerdict, EvidentlyVerdict]]:
    """Return the verdicts on the weeks of one of the planted drifts."""
    drift, company = DRIFTS[number], simulated(COMPANY, seed=7, keep=keep)
    watched = Watched(company, FIRST + SETTLED_WEEKS, seed=7)
    told = []
    for week in drift.weeks:
        rows = drift.plant(watched.rows(week), week, np.random.default_rng(week))
        settled = week - SETTLED_WEEKS
        labelled = watched.rows(settled)
        if settled >= 0:
            labelled = drift.plant(labelled, settled, np.random.default_rng(settled))
        verdict = watched.judge(week, rows, labelled)
        told.append((week, verdict, watched.evidently(rows, verdict)))
    return told


def tell_quiet(found: list[list[Told]]) -> None:
    """Print how often quiet weeks alarmed."""
    verdicts = [verdict for told in found for verdict, _ in told]
    others = [other for told in found for _, other in told if other is not None]
    by_company = [any(v.verdict == "drift" for v, _ in told) for told in found]
    print(
        f"{len(verdicts)} quiet weeks, {len(found)} companies; stated {RULE.alpha:.0%}"
    )
    for name, hits, of in (
        (
            "a week calls drift",
            sum(v.verdict == "drift" for v in verdicts),
            len(verdicts),
        ),
        (
            "a week has a confirmed alarm",
            sum(v.confirmed for v in verdicts),
            len(verdicts),
        ),
        ("a company has a week of drift", sum(by_company), len(by_company)),
        (
            "Evidently calls a column drifted",
            sum(o.n_drifted > 0 for o in others),
            len(others),
        ),
        (
            "Evidently calls the data set drifted",
            sum(o.drifted for o in others),
            len(others),
        ),
    ):
        low, high = share_interval(hits, of, confidence=0.95)
        print(
            f"| {name} | {hits} of {of} | {hits / of:.1%} | {low:.1%} to {high:.1%} |"
        )
    for verdict in verdicts:
        if verdict.verdict == "drift":
            print(
                "   ",
                verdict.current_date,
                verdict.in_words,
                verdict.others_drifted,
                verdict.drifted,
            )


def tell_planted(
    drift: Planted, told: list[tuple[int, DriftVerdict, EvidentlyVerdict]]
) -> None:
    """Print when a drift was found, by what, and where its true cause ranks."""
    seen = next((t for t in told if t[1].verdict == "drift"), None)
    sure = next((t for t in told if t[1].confirmed), None)
    _, verdict, other = sure or seen or told[-1]
    ranks = [
        str(i)
        for i, cause in enumerate(verdict.causes, start=1)
        if any(c.startswith(drift.causes) for c in cause.columns)
    ]
    by = [*verdict.drifted[:2], *verdict.others_drifted[:2]]
    if verdict.prediction.drifted:
        by.append("predictions")
    churn = [week for week, v, _ in told if v.target and v.target.drifted]
    if churn:
        by.append(f"churn rate from week {churn[0]}")
    true = [
        n for n, c in other.columns.items() if c.drifted and n.startswith(drift.causes)
    ]
    cost = f"{1000 * verdict.cost:,.0f}" if verdict.causes else "-"
    print(
        f"| {drift.name} | {drift.what} | {seen[0] if seen else 'not seen'} | "
        f"{sure[0] if sure else '-'} | {', '.join(by) or '-'} | "
        f"{ranks[0] if ranks else '-'} of {len(verdict.causes)} | {cost} | "
        f"{other.n_drifted} of {len(other.columns)}, {len(true)} true; "
        f"{'drift' if other.drifted else 'no drift'} |",
        flush=True,
    )


def main() -> None:
    """Run both, print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=20)
    parser.add_argument("--weeks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keep = given.keep or Path(folder)
        sizes = [
            (COMPANY, 7),
            *((BATCH, given.seed + batch) for batch in range(BATCHES)),
        ]
        with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
            list(pool.map(simulated, *zip(*sizes, strict=True), repeat(keep)))
            weeks = pool.map(
                quiet,
                range(given.companies),
                repeat(given.companies),
                repeat(given.weeks),
                repeat(given.seed),
                repeat(keep),
            )
            numbers = range(len(DRIFTS))
            drifts = pool.map(planted, numbers, repeat(keep))
            quiets = list(weeks)
            tell_quiet(quiets)
            found = {}
            for number, told in zip(numbers, drifts, strict=True):
                found[DRIFTS[number].name] = told
                tell_planted(DRIFTS[number], told)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.0f} s of processor time")
    if given.write:
        draw(
            {
                name: [(week, v.verdict == "drift", v.confirmed) for week, v, _ in told]
                for name, told in found.items()
            },
            [[(v.verdict == "drift", v.confirmed) for v, _ in told] for told in quiets],
            PICTURE,
        )


if __name__ == "__main__":
    main()
