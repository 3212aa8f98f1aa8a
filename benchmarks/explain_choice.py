"""Which reference rows, how many, and whether features of one topic go together.

`python benchmarks/explain_choice.py [PROJECT]`, as explain.py. An explanation against
few reference rows is compared with one against 256 others drawn at random: the error is
the sum over topics of the mean distance. Artifacts are made `by topic`, with 16 rows by
their `contributions`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from explain import trained_company

from churn_pipeline.feature import Feature
from churn_pipeline.models.shapley import Shapley, herd
from churn_pipeline.models.table import Table
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.explanation import Topics, table_of
from churn_pipeline.release.session import Session

FAMILIES = ("net", "boosting")
COUNTS = (4, 8, 16, 32)
CUSTOMERS, POOL, MANY, REPEATS = 60, 256, 256, 3


def report(project: Path) -> None:
    """Print the error and the time of each way."""
    data = project / "data"
    folder = max((data / "06_models/company/trained_candidates").iterdir())
    rows = pd.read_parquet(max(data.glob("05_model_input/company/*/*/*.parquet")))
    for family in FAMILIES:
        artifact = Artifact.load(folder / "trained_candidates" / family)
        features = artifact.manifest.features
        session = Session(artifact.files["model.onnx"])
        test, train = (rows[rows["split"] == split] for split in ("test", "train"))
        asked = table_of(features, test.sample(CUSTOMERS, random_state=1))
        pool = table_of(features, train.sample(10 * POOL, random_state=2))
        others = table_of(features, train.sample(MANY, random_state=3))
        for name, topics in (
            ("by topic", Topics(features)),
            ("each alone", Topics([replaced(f) for f in features])),
        ):
            study = Study(session, topics, asked, others)
            for way, count, error, cost in study.ways(pool):
                print(
                    f"{family:<9} {name:<11} {way:<14} {count:>3} "
                    f"error {error:.3f} of {study.size:.2f}, {cost:.1f} ms"
                )


def replaced(feature: Feature) -> Feature:
    """Return a feature that tells of itself alone."""
    return feature.model_copy(update={"topic": ""})


class Study:
    """Explanations of some customers by one model."""

    def __init__(
        self, session: Session, topics: Topics, asked: Table, others: Table
    ) -> None:
        self._session, self._topics, self._asked = session, topics, asked
        self._logit = session.log_odds(asked)
        self._expected, _ = self._explain(others)
        self.size = np.abs(self._expected).mean(axis=0).sum()

    def ways(self, pool: Table) -> Iterator[tuple[str, int, float, float]]:
        """Yield way, number of reference rows, error, milliseconds a customer."""
        ordered = pool.take(np.argsort(self._session.log_odds(pool)))
        some = ordered.take(np.linspace(0, len(pool) - 1, POOL).astype(int))
        start = some.take(np.linspace(16, POOL - 16, 8).astype(int))
        first = Shapley(self._session.log_odds, start, self._topics.players)
        seen = first.contributions(some, self._session.log_odds(some))
        rng = np.random.default_rng(4)
        for count in COUNTS:
            drawn = (rng.choice(len(pool), count, False) for _ in range(REPEATS))
            found = [self._error(pool.take(rows)) for rows in drawn]
            yield "at random", count, *np.mean(found, axis=0)
            yield "contributions", count, *self._error(some.take(herd(seen, count)))

    def _error(self, reference: Table) -> tuple[float, float]:
        found, cost = self._explain(reference)
        return float(np.abs(found - self._expected).mean(axis=0).sum()), cost

    def _explain(self, reference: Table) -> tuple[np.ndarray, float]:
        shapley = Shapley(self._session.log_odds, reference, self._topics.players)
        start = time.process_time()
        found = shapley.contributions(self._asked, self._logit)
        return found, (time.process_time() - start) * 1000 / CUSTOMERS


if __name__ == "__main__":
    with trained_company(sys.argv[1:]) as named:
        report(named)
