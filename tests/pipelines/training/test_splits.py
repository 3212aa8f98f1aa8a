"""The rows that candidates are trained on, in folds."""

from __future__ import annotations

import pytest

from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import read_splits
from tests.pipelines.training.inputs import FEATURE_SET, model_input


def test_churners_in_one_fold_alone_are_refused():
    rows = model_input()
    rows.loc[rows["fold"].isin([0, 1]), "label"] = 0.0
    with pytest.raises(ValueError, match="of 750 rows in 1 and 3 folds; run feature"):
        read_splits(rows, FEATURE_SET, Training().vocabulary)


def test_categories_are_learnt_from_training_rows_alone():
    rows = model_input()
    rows.loc[rows["split"] != "train", "plan"] = "later"
    splits = read_splits(rows, FEATURE_SET, Training().vocabulary)
    assert "later" not in splits.vocabulary.levels[0]
