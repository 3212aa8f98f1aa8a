"""Studies and models are known by what they were made of."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.settings import VocabularySettings
from churn_pipeline.pipelines.training.package import (
    Recipe,
    parameters_hash,
    study_name,
)
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import read_splits
from tests.factories import DECISION
from tests.pipelines.training.inputs import DATASET, FEATURE_SET, model_input, training


def test_a_study_is_named_by_rows_parameters_and_seed_not_by_its_size(tmp_path):
    rows, settings = model_input(), training(tmp_path)

    def name(rows=rows, settings=settings, costs=DECISION, seed=1) -> str:
        splits = read_splits(rows, FEATURE_SET, settings.vocabulary)
        return study_name(splits, DATASET, settings, costs, seed)

    more = dataclasses.replace(settings.tuning, n_trials=99, storage="sqlite:///x.db")
    other_fit = dataclasses.replace(settings.fit, max_epochs=7)
    changed = rows.assign(use=rows["use"].where(rows.index != 0, 0.5))
    assert name() == name(settings=settings.model_copy(update={"tuning": more}))
    assert name() != name(settings=settings.model_copy(update={"fit": other_fit}))
    other_levels = VocabularySettings(max_levels=199)
    assert name() != name(
        settings=settings.model_copy(update={"vocabulary": other_levels})
    )
    assert name() != name(rows=changed)
    dearer = dataclasses.replace(DECISION, contact_cost=5)
    by_profit = dataclasses.replace(settings.tuning, objective="profit")
    by_profit = settings.model_copy(update={"tuning": by_profit})
    assert name() == name(costs=dearer)
    assert name(settings=by_profit) != name(settings=by_profit, costs=dearer)
    assert name() != name(seed=2)


RECIPE = Recipe(DATASET, FeatureEngineering(), Training(), DECISION, 42)


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("dataset", {"snapshot_date": dt.date(2026, 2, 1)}),
        ("dataset", {"max_rejected_share": 0.5}),
        ("feature_engineering", {"as_of": dt.date(2026, 2, 1)}),
        ("training", {"processes": 7, "threads": 3}),
        ("decision", {"capacity": 9, "assumed": True}),
    ],
)
def test_the_same_recipe_elsewhere_or_later_has_the_same_hash(part, changed):
    assert parameters_hash(_changed(part, changed)) == parameters_hash(RECIPE)


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("dataset", {"name": "another"}),
        ("feature_engineering", {"windows_days": (7, 31)}),
        ("training", {"choose_by": "brier"}),
        ("decision", {"contact_cost": 5}),
        ("decision", {"customer_value": CustomerValue("income", otherwise=800)}),
    ],
)
def test_a_recipe_that_makes_another_model_has_another_hash(part, changed):
    assert parameters_hash(_changed(part, changed)) != parameters_hash(RECIPE)


def _changed(part, changed):
    """Return the recipe with other values in one part."""
    whole = getattr(RECIPE, part)
    update = getattr(whole, "model_copy", None)
    other = update(update=changed) if update else dataclasses.replace(whole, **changed)
    return dataclasses.replace(RECIPE, **{part: other})
