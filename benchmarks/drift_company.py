"""Companies for the benchmark of drift: weekly features of customers, nothing planted.

The simulated company of `conf/base`, with its seasons, contracts and late rows, but
without its drifts, is cut into companies of their own customers, which are independent
of each other.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import yaml

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.feature import FeatureSet
from churn_pipeline.features.build import Tables, event_features
from churn_pipeline.features.label import event_labels
from churn_pipeline.features.observation import calendar
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.monitoring.drift import Sample
from churn_pipeline.monitoring.judge import Model
from churn_pipeline.monitoring.verdict import PREDICTION
from churn_pipeline.simulation.company import simulate_chunks
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.validation.fields import table_of
from churn_pipeline.validation.rows import accepted, check_rows

CONF = Path(__file__).parents[1] / "conf/base"
NAMES = ("customers", "transactions", "contracts")
KEYS = ("customer_id", "observation_date")
MONTHS = 29
LATE = dt.date(2099, 1, 1)
REFERENCE = tuple(range(-59, -10, 4))
"""Weeks before the first one watched, from which the model learns, a year of them:
labels are settled 71 days after their date."""


@dataclass(frozen=True)
class Company:
    """Weekly rows of some customers.

    Attributes:
        rows: Keys, features and `label` (NaN: not mature by the end of the data).
        weeks: Observation dates, a week apart.
        features: What the columns are.
    """

    rows: pd.DataFrame
    weeks: tuple[dt.date, ...]
    features: FeatureSet

    def of(self, group: int, groups: int) -> Company:
        """Return the customers of one of so many groups."""
        member = pd.util.hash_array(self.rows["customer_id"].to_numpy(object)) % groups
        return Company(self.rows[member == group], self.weeks, self.features)

    def at(self, *numbers: int) -> pd.DataFrame:
        """Return the rows of the weeks of these numbers."""
        dates = {self.weeks[number] for number in numbers}
        return self.rows[self.rows["observation_date"].isin(dates)]


def block(file: str, key: str) -> Any:
    """Return a block of `conf/base`."""
    return yaml.safe_load((CONF / file).read_text("utf-8"))[key]


@lru_cache(maxsize=2)
def simulated(customers: int, seed: int, keep: Path) -> Company:
    """Return a company without drift; simulated once and kept in a folder."""
    path = keep / f"company_{customers}_{seed}.parquet"
    facts = path.with_suffix(".json")
    keep.mkdir(parents=True, exist_ok=True)
    if not facts.is_file():
        facts.write_text(_write(customers, seed, path).model_dump_json(), "utf-8")
    rows = pd.read_parquet(path).sort_values(list(KEYS), ignore_index=True)
    rows["observation_date"] = pd.to_datetime(rows["observation_date"]).dt.date
    weeks = tuple(sorted(rows["observation_date"].unique()))[:-1]
    features = FeatureSet.model_validate_json(facts.read_text("utf-8"))
    return Company(rows, weeks, features)


def _write(customers: int, seed: int, path: Path) -> FeatureSet:
    """Write the labelled features of a company; return what they are."""
    described = block("dataset.yml", "dataset") | {"name": "quiet"}
    dataset = Dataset.model_validate(described)
    tables = _tables(customers, seed, dataset)
    parameters = FeatureEngineering.model_validate(
        block("parameters_feature_engineering.yml", "feature_engineering")
        | {"as_of": None, "observe": 7, "lookback_days": 190}
    )
    dates = calendar(tables, dataset, parameters)
    made = event_features(tables, dataset, parameters, dates)
    event_labels(made.table, tables, dataset, parameters, dates).to_parquet(path)
    return made.feature_set


def _tables(customers: int, seed: int, dataset: Dataset) -> Tables:
    """Return the typed tables of a company without drift and without dirt."""
    params = Simulation.model_validate(block("parameters_simulate.yml", "simulate"))
    quiet = params.model_copy(
        update={
            "customers": customers,
            "chunk_customers": customers,
            "months": MONTHS,
            "dirt": params.dirt.model_copy(update={"share": 0.0}),
            "input_drifts": (),
            "concept_changes": (),
        }
    )
    (chunk,) = simulate_chunks(quiet, dataset.label, seed=seed)
    typed = []
    for name in NAMES:
        raw, table = ibis.memtable(getattr(chunk, name)), table_of(dataset, name)
        typed.append(accepted(check_rows(raw, table, dataset, today=LATE)).cache())
    return Tables(*typed)


def champion(reference: pd.DataFrame, features: FeatureSet) -> Model:
    """Return a small model of the reference, with the costs of `conf/base`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    learnt = reference[reference["label"].notna()]
    codes = {
        f.name: {
            level: i for i, level in enumerate(sorted(learnt[f.name].dropna().unique()))
        }
        for f in features.features
        if f.type == "category"
    }

    def table(columns: Any) -> Any:
        return np.column_stack(
            [
                pd.Series(columns[f.name]).map(codes[f.name]).to_numpy(float)
                if f.name in codes
                else np.asarray(columns[f.name], float)
                for f in features.features
            ]
        )

    fitted = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=40,
        early_stopping=False, random_state=0,
    ).fit(table(learnt), learnt["label"])  # fmt: skip
    topics: dict[str, list[str]] = {}
    for feature in features.features:
        topics.setdefault(feature.topic or feature.name, []).append(feature.name)
    decision = Decision(**block("parameters_decision.yml", "decision"))
    return Model(
        "champion",
        lambda columns: fitted.predict_proba(table(columns))[:, 1],
        decision,
        topics={name: tuple(columns) for name, columns in topics.items()},
    )


def sample(rows: pd.DataFrame, features: FeatureSet, model: Model) -> Sample:
    """Return rows with the champion's predictions, as drift is judged on."""
    columns = {name: rows[name].to_numpy() for name in features.names}
    columns[PREDICTION] = model.predict(columns)
    dates = pd.to_datetime(rows["observation_date"]).to_numpy("datetime64[D]")
    return Sample(columns, dates, rows["customer_id"].to_numpy())
