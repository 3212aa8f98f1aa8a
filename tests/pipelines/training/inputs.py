"""What the training pipeline reads: a small made-up table, and small settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from churn_pipeline.dataset import Dataset
from churn_pipeline.models.settings import (
    BoostingSettings,
    FitSettings,
    NetSettings,
    TuningSettings,
)
from churn_pipeline.pipelines.training.params import Training
from tests.models.company import made_up

FEATURE_SET = {
    "features": [
        {"name": "use", "type": "number"},
        {"name": "income", "type": "number"},
        {"name": "plan", "type": "category"},
        {"name": "town", "type": "category"},
    ]
}
DATASET = Dataset.model_validate(
    {
        "name": "made_up",
        "shape": "snapshot",
        "snapshot_date": "2026-01-01",
        "tables": {"customers": {"customer_id": "customer_id"}},
        "label": {"rule": "column", "column": "label", "positive": "1"},
    }
)


def model_input(n_rows: int = 900) -> pd.DataFrame:
    """Return customers of one date: a sixth to test on, the others in three folds."""
    table, label = made_up(n_rows)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n_rows)],
            "observation_date": pd.Timestamp("2026-01-01"),
            "use": table.numbers[:, 0],
            "income": table.numbers[:, 1],
            "plan": table.categories[:, 0],
            "town": table.categories[:, 1],
            "label": label,
            "split": np.where(np.arange(n_rows) % 6 == 5, "test", "train"),
            "fold": np.array([0, 1, 2, 0, 1, -1])[np.arange(n_rows) % 6],
        }
    )


def training(folder: Path, **fields: object) -> Training:
    """Return settings with which training takes seconds; its study is in a folder."""
    return Training(
        net=NetSettings(members=2, width=16, layers=1, bins=6, units=4),
        fit=FitSettings(max_epochs=2, accelerator="cpu"),
        tuning=TuningSettings(
            n_trials=2,
            storage=f"sqlite:///{folder}/tuning.db",
            members=2,
        ),
        boosting=BoostingSettings(max_trees=20),
        processes=1,
    ).model_copy(update=fields)
