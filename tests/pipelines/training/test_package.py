"""Studies and models are known by what they were made of."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

import churn_pipeline
from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.settings import VocabularySettings
from churn_pipeline.pipelines.training.judging import Money
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
        money = Money.of(settings, costs, rows)
        return study_name(splits, DATASET, settings, money=money, seed=seed)

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
    assert name() == name(costs=dataclasses.replace(DECISION, contact_cost=5))
    assert name() != name(seed=2)


def test_a_study_for_profit_is_named_by_costs_and_what_customers_are_worth(tmp_path):
    usual = training(tmp_path)
    by_profit = dataclasses.replace(usual.tuning, objective="profit")
    settings = usual.model_copy(update={"tuning": by_profit})
    # A column that customers are valued by need not be a feature.
    rows = model_input().assign(bill=10.0)
    costs = dataclasses.replace(
        DECISION, customer_value=CustomerValue("bill", otherwise=800)
    )
    splits = read_splits(rows, FEATURE_SET, settings.vocabulary)

    def name(rows=rows, costs=costs) -> str:
        money = Money.of(settings, costs, rows)
        return study_name(splits, DATASET, settings, money=money, seed=1)

    assert name() == name(costs=dataclasses.replace(costs, capacity=9))
    assert name() != name(costs=dataclasses.replace(costs, contact_cost=5))
    raised = rows["bill"].where(rows["split"] == "test", 11.0)
    assert name() != name(rows=rows.assign(bill=raised))


@pytest.mark.parametrize(
    ("objective", "folder", "counts"),
    [
        ("log_loss", "models", True),
        ("log_loss", "evaluation", False),
        ("profit", "evaluation", True),
    ],
)
def test_a_study_is_named_by_the_code_that_its_trials_are_made_and_judged_by(
    objective, folder, counts, tmp_path, monkeypatch
):
    usual = training(tmp_path)
    tuning = dataclasses.replace(usual.tuning, objective=objective)
    settings, rows = usual.model_copy(update={"tuning": tuning}), model_input()
    splits = read_splits(rows, FEATURE_SET, settings.vocabulary)
    money = Money.of(settings, DECISION, rows)
    names = []
    for code in ("x = 1", "x = 2"):
        root = tmp_path / "package"
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "part.py").write_text(code, "utf-8")
        monkeypatch.setattr(churn_pipeline, "__file__", str(root / "__init__.py"))
        names.append(study_name(splits, DATASET, settings, money=money, seed=1))
    assert (names[0] != names[1]) is counts


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
