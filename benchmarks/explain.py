"""Explanations: what they cost, and whether they tell the truth where it is known.

`python benchmarks/explain.py [PROJECT]`: in a project in which `kedro run --pipelines
simulate,__default__` was made of the shipped default, or in one of its own (minutes).
The simulated company is lived again with its seed; at the date of the test rows each
driver of the true hazard is set to its mean, and what that does to the true log-odds of
churn is compared with the contributions that each trained model's artifact tells.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from acceptance import kedro, new_project
from scipy.stats import spearmanr

from churn_pipeline.dataset import ContractEndLabel
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.simulation.calendar import Months
from churn_pipeline.simulation.customers import draw_customers
from churn_pipeline.simulation.events import Company, Truth
from churn_pipeline.simulation.hazard import month_hazard
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.simulation.tables import customer_ids

FAMILIES = ("net", "boosting", "logistic")
SINGLE, MANY = 200, 1000
TINY, CLEAR, SURE = 1e-9, 0.2, 0.5
"""Log-odds from which on a true effect is one, has a clear sign, is a sure reason."""

DRIVERS = {  # the hazard's coefficients -> the topics that tell of them
    "complaints": (("complaints",), ("complaint",)),
    "failed payments": (("payment_failures",), ("payment_failure",)),
    "channel": (("channel",), ("channel",)),
    "segment": (("segment",), ("segment",)),
    "newness": (("newness",), ("tenure_days",)),
    "contract terms": (("renewal", "mid_term"), ("contract",)),
    "plan, what it gives": (("plan", "poor_value"), ("plan", "amount")),
    "purchases": (("fewer_purchases", "silence"), ("purchases", "recency")),
    "age": (("age",), ("age",)),
    "region": (("region",), ("region",)),
    "nothing (income)": ((), ("income",)),
}
PURCHASES = "purchases"
"""Without a contract these tell of more than the hazard: who was a customer still, and
who would buy again in the horizon."""


class Relived(Company):
    """The company once more; knows at one date what each driver does to churn.

    Attributes:
        effects: What a driver does to the true log-odds of churn of a customer of the
            date, beside its being as it is on average over those with, and those
            without a contract; with `has_contract`. Empty before the date.
    """

    def __init__(self, *given: Any, date: str) -> None:
        super().__init__(*given)
        self._day = int(np.datetime64(date, "D").astype(int))
        self._terms: dict[int, dict[str, np.ndarray]] = {}
        self._usual_rate: np.ndarray | None = None
        self.effects = pd.DataFrame()

    def _hazard(self, month: int) -> np.ndarray:
        chance = super()._hazard(month)
        self._terms[month] = {
            driver: log_odds(chance) - log_odds(self._without(names, month))
            for driver, (names, _) in DRIVERS.items()
        }
        return chance

    def _without(self, names: tuple[str, ...], month: int) -> np.ndarray:
        """Return a month's hazard with some coefficients 0."""
        known = {name: getattr(self._params.hazard, name) for name in names}
        zero = {
            name: dict.fromkeys(value, 0.0) if isinstance(value, dict) else 0.0
            for name, value in known.items()
        }
        hazard = self._params.hazard.model_copy(update=zero)
        params = self._params.model_copy(update={"hazard": hazard})
        return month_hazard(self._customers, self._history, self._months, params, month)

    def _rate(self, month: int) -> np.ndarray:
        return super()._rate(month) if self._usual_rate is None else self._usual_rate

    def _truth(self, month: int, hazard: np.ndarray, following: np.ndarray) -> Truth:
        truth = super()._truth(month, hazard, following)
        if truth.day == self._day:
            ids = np.array(customer_ids(self._customers).to_pylist())[truth.customer]
            self.effects = pd.DataFrame(
                {
                    driver: log_odds(truth.probability)
                    - log_odds(self._usual(driver, month, hazard, following))
                    for driver in DRIVERS
                },
                index=ids,
            ).assign(has_contract=self._observed(month)[0][truth.customer])
        return truth

    def _usual(
        self, driver: str, month: int, hazard: np.ndarray, following: np.ndarray
    ) -> np.ndarray:
        """Return the true probabilities were a driver as it is on average."""
        runs, observed = self._observed(month)
        groups = (runs & observed, ~runs & observed)
        pair = []
        for k, chance in ((month, hazard), (month + 1, following)):
            term = self._terms[k][driver]
            shifted = log_odds(chance) - term + averaged(term, groups)
            pair.append(np.where(chance > 0, 1 / (1 + np.exp(-shifted)), 0.0))
        kept, rate = self._belief, self._rate(month)
        if driver == PURCHASES:
            self._belief = averaged(kept, groups)
            self._usual_rate = averaged(rate, groups)
        try:
            return super()._truth(month, *pair).probability
        finally:
            self._belief, self._usual_rate = kept, None


def averaged(values: np.ndarray, groups: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return values with those of each group replaced by their mean."""
    found = values.copy()
    for group in groups:
        found[group] = values[group].mean()
    return found


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Return log(p / (1 - p)), finite."""
    held = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.log(held / (1 - held))


def true_effects(project: Path, date: str) -> pd.DataFrame:
    """Return what each driver does to the log-odds of churn, by customer."""
    parameters = read_yaml(project / "conf/base/parameters_simulate.yml")["simulate"]
    label = read_yaml(project / "conf/base/dataset.yml")["dataset"]["label"]
    params = Simulation.model_validate(parameters)
    assert params.customers <= params.chunk_customers, "of one chunk only"
    seed = read_yaml(project / "conf/base/parameters.yml")["seed"]
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    months = Months.make(params.start, params.months)
    customers = draw_customers(rng, params, months, 0, params.customers)
    rule = ContractEndLabel.model_validate(label)
    life = Relived(rng, customers, months, params, rule, date=date)
    life.live()
    return life.effects


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a file's content."""
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def compare(artifact: Artifact, rows: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Print how the contributions agree with the true effects, by driver."""
    explained = artifact.explain(rows)
    topics = pd.DataFrame(explained.contributions, rows.index, explained.topics)
    told = pd.DataFrame(
        {name: topics[list(known)].sum(axis=1) for name, (_, known) in DRIVERS.items()}
    )
    for has_contract, name in ((True, "under contract"), (False, "without a contract")):
        group = truth["has_contract"] == has_contract
        mine, true = told[group] - told[group].mean(), truth.loc[group, told.columns]
        print(f"\n{artifact.manifest.family}, {group.sum():,} customers {name}")
        print(
            f"{'driver':<22}{'true':>7}{'told':>7}{'correlation':>13}{'same sign':>11}"
        )
        for driver in DRIVERS:
            print(f"{driver:<22}{agreement(true[driver], mine[driver])}")
        print_first(mine, true)


def agreement(true: pd.Series[float], told: pd.Series[float]) -> str:
    """Return sizes, rank correlation and share of signs that are right, in words."""
    sizes = f"{true.abs().mean():>7.3f}{told.abs().mean():>7.3f}"
    clear = true.abs() > CLEAR
    if not true.abs().max() > TINY:
        return sizes
    rank = f"{spearmanr(true, told).statistic:>13.2f}"
    right = (np.sign(true) == np.sign(told))[clear].mean()
    return sizes + rank + (f"{right:>11.0%}" if clear.any() else "")


def print_first(told: pd.DataFrame, true: pd.DataFrame) -> None:
    """Print how often what truly raises a risk most is told, and how early."""
    first = true.to_numpy().argmax(axis=1)
    mine = told.to_numpy()
    ranks = (mine > np.take_along_axis(mine, first[:, None], 1)).sum(axis=1)
    sure = true.max(axis=1).to_numpy() > SURE
    print(
        f"what truly raises the risk most (by {SURE:g} or more: {sure.sum():,} "
        f"customers) is told first for {(ranks[sure] == 0).mean():.0%}, among the "
        f"first three for {(ranks[sure] < 3).mean():.0%}"
    )


def costs(artifact: Artifact, rows: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Yield what answers take, in milliseconds of one processor."""
    names = [feature.name for feature in artifact.manifest.features]
    records = rows[names].iloc[:SINGLE].to_dict("records")
    single = [{name: [value] for name, value in one.items()} for one in records]
    artifact.reasons(single[0])
    alone = [timed(lambda one=one: artifact.predict(one)) for one in single]
    yield "a prediction, median", float(np.median(alone))
    told = [timed(lambda one=one: artifact.reasons(one)) for one in single]
    yield "reasons of one customer, median", float(np.median(told))
    yield "the same, 95th percentile", float(np.quantile(told, 0.95))
    many = rows[names].iloc[:MANY]
    yield f"reasons of {MANY:,} customers", timed(lambda: artifact.reasons(many))


def timed(work: Any) -> float:
    """Return how many milliseconds of a processor some work takes."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


@contextmanager
def trained_company(arguments: list[str]) -> Iterator[Path]:
    """Yield the project that was named, or one in which the default was run."""
    if arguments:
        yield Path(arguments[0])
        return
    with tempfile.TemporaryDirectory() as scratch:
        project = new_project(Path(scratch) / "project")
        kedro(project, "run", "--pipelines", "simulate,__default__")
        yield project


def report(project: Path) -> None:
    """Print costs and agreement of a project's candidates."""
    data = project / "data"
    folder = max((data / "06_models/company/trained_candidates").iterdir())
    rows = pd.read_parquet(max(data.glob("05_model_input/company/*/*/*.parquet")))
    rows = rows[rows["split"] == "test"].set_index("customer_id")
    date = str(rows["observation_date"].max())[:10]
    rows = rows[rows["observation_date"].astype(str).str[:10] == date]
    truth = true_effects(project, date)
    both = rows.index.intersection(truth.index)
    print(f"test rows of {date}: {len(both):,} of {len(rows):,} lived again")
    for family in FAMILIES:
        artifact = Artifact.load(folder / "trained_candidates" / family)
        for what, milliseconds in costs(artifact, rows):
            print(f"{family:<9} {what:<34} {milliseconds:>9.1f} ms")
        compare(artifact, rows.loc[both], truth.loc[both])


if __name__ == "__main__":
    with trained_company(sys.argv[1:]) as named:
        report(named)
