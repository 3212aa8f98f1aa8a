"""Small things that many tests need, built through the real code."""

from __future__ import annotations

import datetime as dt

import numpy as np

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.feature import Feature
from churn_pipeline.models.calibration import fit_calibration
from churn_pipeline.models.classifier import Classifier, Rows
from churn_pipeline.models.conformal import fit_conformal
from churn_pipeline.models.logistic import fit_logistic
from churn_pipeline.models.table import read_table
from churn_pipeline.models.vocabulary import Vocabulary
from churn_pipeline.release.artifact import Artifact, Hashes, Manifest
from churn_pipeline.release.provenance import FittedOn, MeasuredOn, RowFacts

TINY_FEATURES = (
    Feature(name="tenure_months", type="number", unit="months", min=0, max=120),
    Feature(name="monthly_charge", type="number", unit="EUR"),
    Feature(name="plan", type="category", allowed=("basic", "plus", "premium")),
)

TINY_DATASET = Dataset.model_validate(
    {
        "name": "tiny",
        "shape": "events",
        "tables": {"transactions": {"customer_id": "id", "time": "at"}},
        "label": {"rule": "inactivity", "horizon_days": 60},
    }
)

TINY_DECISION = Decision(10, 4, 0, 1.0, 0.0)
"""A call pays from a churn probability of 0.4 on."""

COSTS = Decision(
    customer_value=100,
    contact_cost=1,
    offer_cost=10,
    success_rate=0.5,
    stayer_acceptance=0.4,
)
"""Round sums, to count by hand: a call pays from 5 / 49 on."""

DECISION = Decision(
    customer_value=800,
    contact_cost=4,
    offer_cost=40,
    success_rate=0.3,
    stayer_acceptance=0.5,
)
"""As a company might state it."""


def tiny_columns(n_rows: int = 200, seed: int = 0) -> dict[str, list[object]]:
    """Rows of `TINY_FEATURES` with some missing values."""
    rng = np.random.default_rng(seed)
    charge = rng.gamma(3.0, 20.0, n_rows).round(2).tolist()
    plan = rng.choice(["basic", "plus", "premium"], n_rows).tolist()
    charge[3], plan[5] = None, None
    tenure = rng.integers(0, 72, n_rows).astype(float).tolist()
    return {"tenure_months": tenure, "monthly_charge": charge, "plan": plan}


def tiny_artifact(version: str = "2026-01-01T00.00.00.000Z", seed: int = 0) -> Artifact:
    """An artifact of a logistic regression on 200 made-up customers."""
    columns = tiny_columns(seed=seed)
    classifier = _tiny_classifier(columns, seed)
    draft = Manifest(
        version=version,
        dataset=TINY_DATASET.name,
        family="logistic",
        features=TINY_FEATURES,
        categories={"plan": ("basic", "plus", "premium")},
        label=TINY_DATASET.label,
        decision=TINY_DECISION,
        conformal=classifier.conformal,
        hashes=Hashes(data="0" * 64, code="1" * 64, parameters="2" * 64),
        fitted=FittedOn(
            facts=tiny_facts(200, dt.date(2025, 9, 1)),
            labels_until=dt.date(2025, 10, 31),
        ),
        measured=MeasuredOn(facts=tiny_facts(100, dt.date(2025, 11, 1))),
        metrics={"roc_auc": 0.8},
        baselines={"boosting": {"roc_auc": 0.75}},
    )
    golden = {name: values[:16] for name, values in columns.items()}
    golden["plan"][0] = "never seen"
    return Artifact.create(
        draft,
        model=classifier.to_onnx(),
        weights=classifier.to_safetensors(),
        golden=golden,
        background=columns,
    )


def tiny_refit(measured: Artifact) -> Artifact:
    """The same model fit again on 100 rows more, two months newer."""
    known = measured.manifest
    assert known.measured is not None
    return tiny_artifact(known.version, seed=1).restated(
        fitted=FittedOn(
            facts=tiny_facts(300, known.measured.facts.last),
            labels_until=known.measured.facts.last + dt.timedelta(days=60),
        ),
        measured=known.measured.model_copy(update={"artifact": known.digest}),
    )


def tiny_facts(rows: int, date: dt.date) -> RowFacts:
    """What is told of rows of one observation date."""
    keys = f"{rows} of {date}"
    return RowFacts(rows=rows, churners=rows // 3, first=date, last=date, keys=keys)


def _tiny_classifier(columns: dict[str, list[object]], seed: int) -> Classifier:
    numbers = [f.name for f in TINY_FEATURES if f.type == "number"]
    table = read_table(columns, numbers=numbers, categories=["plan"])
    vocabulary = Vocabulary.learn(table.categories, min_rows=1, max_levels=10)
    codes = vocabulary.codes(table.categories)
    chance = 1 / (1 + np.exp(table.numbers[:, 0].astype(float) / 20 - 1))
    label = (np.random.default_rng(seed).random(len(table)) < chance).astype(float)
    rows = Rows(table.numbers, codes, label, np.arange(len(label)) % 2)
    model = fit_logistic(rows, vocabulary.sizes, inverse_penalty=1.0).model
    logit = model.logit(table.numbers, codes)
    calibration = fit_calibration(logit, label, prior_rows=0.0)
    conformal = fit_conformal(calibration.probability(logit), label, coverage=0.8)
    return Classifier(model, vocabulary, calibration, conformal)
