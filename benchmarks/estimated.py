"""How often estimates hold what became true: `python -m benchmarks.estimated`.

    python -m benchmarks.estimated [--companies 12] [--customers 3000] [--change]

Each simulated company is learnt from until 2024-12 by boosted trees, cross-fit by
customer, and estimated for every later month from 2025-04 on, without labels; then come
the labels. Nothing drifts, unless `--change`: then it does as the company's parameters
say (inputs from 2025-09, reasons to leave from 2025-10), and it is told month by month
what was estimated and what became true.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.ensemble import HistGradientBoostingClassifier

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.build import Tables, event_features
from churn_pipeline.features.model_input import event_rows
from churn_pipeline.features.observation import calendar
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.calibration import fit_calibration, to_logit
from churn_pipeline.monitoring.cells import Cells
from churn_pipeline.monitoring.estimate import METRICS, estimate
from churn_pipeline.monitoring.performance import realised
from churn_pipeline.monitoring.wander import learn_wander, overlap_of
from churn_pipeline.simulation.company import simulate_chunks
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.validation.fields import table_of
from churn_pipeline.validation.rows import accepted, check_rows

CONF = Path(__file__).parents[1] / "conf/base"
NAMES = ("customers", "transactions", "contracts")
TRAINED_UNTIL = pd.Timestamp("2024-12-01")
WATCHED_FROM = pd.Timestamp("2025-04-01")
CHANGED_FROM = pd.Timestamp("2025-09-01")
FOLDS = 4


def company(seed: int, customers: int, *, change: bool) -> pd.DataFrame:
    """Return the labelled rows of a simulated company."""
    import ibis

    params = Simulation.model_validate(read("parameters_simulate.yml", "simulate"))
    clean = params.dirt.model_copy(update={"share": 0.0})
    changed = {"customers": customers, "chunk_customers": customers, "dirt": clean}
    if not change:
        changed |= {"input_drifts": (), "concept_changes": ()}
    params = params.model_copy(update=changed)
    described = read("dataset.yml", "dataset") | {"name": "simulated"}
    dataset = Dataset.model_validate(described)
    (chunk,) = simulate_chunks(params, dataset.label, seed=seed)
    typed = []
    for name in NAMES:
        raw = ibis.memtable(getattr(chunk, name))
        today = dt.date(2026, 6, 1)
        checked = check_rows(raw, table_of(dataset, name), dataset, today=today)
        typed.append(accepted(checked))
    tables = Tables(*typed)
    given = read("parameters_feature_engineering.yml", "feature_engineering")
    parameters = FeatureEngineering.model_validate(given | {"as_of": None})
    dates = calendar(tables, dataset, parameters)
    made = event_features(tables, dataset, parameters, dates)
    rows = event_rows(made.table, tables, dataset, parameters, seed=seed)
    keys = ["customer_id", "observation_date", "label"]
    known = rows[rows["label"].notna()].reset_index(drop=True)
    return pd.concat([known[keys], inputs(known, made.feature_set)], axis=1)


def inputs(rows: pd.DataFrame, feature_set: Any) -> pd.DataFrame:
    """Return the features as numbers."""
    found = {
        f.name: rows[f.name].astype("category").cat.codes.astype(float)
        if f.type == "category"
        else rows[f.name].astype(float)
        for f in feature_set.features
    }
    return pd.DataFrame(found)


def read(file: str, key: str) -> Any:
    """Return a block of the project's configuration."""
    return yaml.safe_load((CONF / file).read_text(encoding="utf8"))[key]


def watch(rows: pd.DataFrame, seed: int) -> list[tuple[pd.Timestamp, dict, dict]]:
    """Return each watched month with its estimated and its realised metrics."""
    decision = Decision(**read("parameters_decision.yml", "decision"))
    horizon = read("dataset.yml", "dataset")["label"]["horizon_days"]
    date = pd.to_datetime(rows["observation_date"])
    x = rows.drop(columns=["customer_id", "observation_date", "label"]).to_numpy()
    y = rows["label"].to_numpy()
    train = (date <= TRAINED_UNTIL).to_numpy()
    fold = pd.factorize(rows["customer_id"])[0] % FOLDS
    held = np.empty(len(rows))
    for at in range(FOLDS):
        model = fitted(x[train & (fold != at)], y[train & (fold != at)])
        held[fold == at] = model.predict_proba(x[fold == at])[:, 1]
    calibration = fit_calibration(to_logit(held[train]), y[train], prior_rows=100.0)
    final = fitted(x[train], y[train]).predict_proba(x)[:, 1]
    p = calibration.probability(to_logit(np.where(train, held, final)))
    by_date = [*date[train].unique()]
    wander = learn_wander(
        [(p[date == day], y[date == day]) for day in by_date],
        overlap=overlap_of([day.date() for day in by_date], horizon),
    )
    told = []
    for day in sorted(date[date >= WATCHED_FROM].unique()):
        of = (date == day).to_numpy()
        called = p[of] >= decision.break_even
        value = np.full(of.sum(), decision.usual_value)
        cells = Cells.of(p[of], called=called, value=value, label=y[of])
        expected = estimate(cells, wander, decision, draws=300, seed=seed)
        true = realised(cells, decision, draws=20, coverage=0.95, seed=seed)
        told.append((day, expected, true))
    return told


def fitted(x: np.ndarray, y: np.ndarray) -> HistGradientBoostingClassifier:
    """Return boosted trees."""
    trees = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.08, max_leaf_nodes=12, random_state=0
    )
    return trees.fit(x, y)


def main() -> None:
    """Print how often each metric was held, or the months of a change."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--companies", type=int, default=12)
    options.add_argument("--customers", type=int, default=3000)
    options.add_argument("--change", action="store_true")
    given = options.parse_args()
    held: dict[str, list[bool]] = defaultdict(list)
    for seed in range(given.companies):
        rows = company(seed, given.customers, change=given.change)
        for day, expected, true in watch(rows, seed):
            before = day < CHANGED_FROM or not given.change
            for name in METRICS:
                if name in expected and name in true and name != "contacted_share":
                    key = name if before else f"{name}, changed"
                    held[key].append(expected[name].holds(true[name].value))
            if given.change:
                rate, seen = expected["churn_rate"], true["churn_rate"].value
                became = f"{seen:.3f}{'' if rate.holds(seen) else ', not held'}"
                expected_to_be = f"{rate.low:.3f} to {rate.high:.3f}"
                print(f"{day:%Y-%m}: churn rate {expected_to_be}, became {became}")
    for name, found in held.items():
        print(f"{name}: held {np.mean(found):.1%} of {len(found)}")


if __name__ == "__main__":
    main()
