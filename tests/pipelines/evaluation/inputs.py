"""A small company whose true churn probability is known, to test the evaluation on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
import numpy as np
import pandas as pd
import yaml

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.pipelines.evaluation import create_pipeline, nodes
from churn_pipeline.pipelines.evaluation.params import Evaluation
from tests.conftest import ROOT
from tests.factories import (
    DECISION,
    TINY_DATASET,
    TINY_FEATURES,
    tiny_artifact,
    tiny_columns,
)
from tests.pipelines.in_memory import run_in_memory

FEATURE_SET = {
    "features": [feature.model_dump(mode="json") for feature in TINY_FEATURES],
    "segments": ["plan"],
    "sensitive": ["gender"],
}


def made_up_inputs(n_customers: int = 300) -> dict[str, object]:
    """Return what the evaluation pipeline reads; two dates a customer."""
    rng = np.random.default_rng(3)
    columns = tiny_columns(2 * n_customers, seed=5)
    artifact = tiny_artifact("2026-02-01T00.00.00.000Z")
    predicted = artifact.predict(columns)
    true = np.clip(predicted + rng.normal(0, 0.05, predicted.size), 0.01, 0.99)
    dates = [dt.date(2026, 1, 1), dt.date(2026, 2, 1)]
    rows = pd.DataFrame(
        {
            "customer_id": np.repeat([f"C{i:04d}" for i in range(n_customers)], 2),
            "observation_date": dates * n_customers,
            **columns,
            "gender": rng.choice(["female", "male"], 2 * n_customers),
            "label": (rng.random(predicted.size) < true).astype(float),
            "split": "test",
        }
    )
    keys = rows[["customer_id", "observation_date"]]
    trained = rows.assign(split="train", customer_id="T" + rows["customer_id"])
    return {
        "model_input": pd.concat([trained, rows], ignore_index=True),
        "artifact": artifact,
        "feature_set": FEATURE_SET,
        "test_predictions": keys.assign(
            label=rows["label"], net=predicted, logistic=0.9 * predicted
        ),
        "true_churn_probability": ibis.memtable(keys.assign(churn_probability=true)),
        "reigning_champion": None,
    }


def written_parameters(env: str = "test") -> Evaluation:
    """Return the evaluation's parameters as they stand in an environment."""
    text = (ROOT / f"conf/{env}/parameters_evaluation.yml").read_text("utf-8")
    return Evaluation.model_validate(yaml.safe_load(text)["evaluation"])


def evaluate(inputs: dict[str, Any], decision: Decision = DECISION) -> dict[str, Any]:
    """Run the evaluation pipeline; return everything that it wrote."""
    pipeline = create_pipeline()
    given = {
        "data_quality": {"findings": []},
        **{name: inputs[name] for name in pipeline.inputs() if name in inputs},
        "params:decision": decision,
        "params:evaluation": written_parameters(),
        "params:seed": 1,
        "params:dataset": TINY_DATASET,
    }
    return run_in_memory(pipeline, given)


def score(inputs: dict[str, Any], **change: Any) -> dict[str, Any]:
    """Return what the node that scores the test rows makes of the inputs."""
    return nodes.score_test_rows(**{**inputs, "decision": DECISION, **change})
