"""This project's net, through the training pipeline's own functions."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.quality.folds import Work
from benchmarks.quality.peers import Clock, Fitted
from benchmarks.quality.sets import ROOT, code_hash, parameters

if TYPE_CHECKING:
    from churn_pipeline.features.params import FeatureEngineering

NET = "net"
SETTINGS = ROOT / "conf/base/parameters_training.yml"


def code() -> str:
    """Return a short text that changes with the net's code or its settings."""
    return code_hash([ROOT / "src/churn_pipeline/models", SETTINGS])


def fit_net(work: Work) -> Fitted:
    """Return the net, tuned and calibrated with the settings that are shipped."""
    from churn_pipeline.pipelines.training import nodes
    from churn_pipeline.pipelines.training.params import Training

    given = parameters(work.data)
    training = Training.model_validate(given["training"])
    recipe = _recipe(given)
    rows = _folded(work, recipe["feature_engineering"], recipe["seed"])
    with tempfile.TemporaryDirectory() as scratch:
        own = {
            "candidates": (NET,),
            "threads": work.threads,
            "processes": 1,
            "tuning": replace(
                training.tuning,
                storage=f"sqlite:///{Path(scratch) / 'tuning.db'}",
            ),
        }
        training = training.model_copy(update=own)
        clock = Clock()
        tuned = nodes.tune_net(
            rows,
            work.data.feature_set,
            dataset=recipe["dataset"],
            training=training,
            decision=recipe["decision"],
            seed=recipe["seed"],
        )
        tuning = clock.taken()
        made = nodes.train_candidates(
            rows,
            work.data.feature_set,
            net_settings=tuned["net_settings"],
            training=training,
            **recipe,
        )
    return Fitted(made["trained"][NET].predict, tuning)


def _recipe(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the training's functions are told beside rows and settings."""
    from pydantic import TypeAdapter

    from churn_pipeline.dataset import Dataset
    from churn_pipeline.evaluation.decision import Decision
    from churn_pipeline.features.params import FeatureEngineering

    types = {
        "dataset": Dataset,
        "feature_engineering": FeatureEngineering,
        "decision": Decision,
        "seed": int,
    }
    return {
        name: TypeAdapter(kind).validate_python(given[name])
        for name, kind in types.items()
    }


def _folded(work: Work, parameters: FeatureEngineering, seed: int) -> pd.DataFrame:
    """Return the training rows with the folds that the project cross-fits them in."""
    from churn_pipeline.features.folds import assign_folds

    rows = work.data.rows
    fold = assign_folds(
        rows["customer_id"],
        work.label.astype(float),
        folds=parameters.split.folds,
        seed=seed,
    )
    return rows.assign(split="train", fold=fold)
