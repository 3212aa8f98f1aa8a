"""The training nodes and pipeline on a small made-up table."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import CustomerValue, Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.conformal import fit_conformal
from churn_pipeline.models.settings import (
    BoostingSettings,
    FitSettings,
    NetSettings,
    TuningSettings,
    VocabularySettings,
)
from churn_pipeline.pipelines.training import create_pipeline, nodes
from churn_pipeline.pipelines.training.choice import Comparison, compare
from churn_pipeline.pipelines.training.package import (
    Recipe,
    code_hash,
    parameters_hash,
    study_name,
)
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import read_splits
from tests.models.company import made_up

FAMILIES = ("net", "logistic", "boosting")
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
DECISION = Decision(
    customer_value=800,
    contact_cost=4,
    offer_cost=40,
    success_rate=0.3,
    stayer_acceptance=0.5,
)


def model_input(n_rows: int = 900) -> pd.DataFrame:
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


class Kept(MemoryDataset):
    """Keeps what the runner would let go once every node has read it."""

    def _release(self) -> None:
        """Keep it."""


def run(folder: Path) -> dict[str, object]:
    """Run the pipeline with everything in memory; return what it wrote."""
    given = {
        "model_input": model_input(),
        "feature_set": FEATURE_SET,
        "params:dataset": DATASET,
        "params:training": training(folder),
        "params:seed": 42,
        "params:decision": DECISION,
        "params:feature_engineering": FeatureEngineering(),
    }
    pipeline = create_pipeline()
    catalog = DataCatalog(
        {
            name: MemoryDataset(value, copy_mode="assign")
            for name, value in given.items()
        }
    )
    for name in pipeline.all_outputs():
        catalog[name] = Kept(copy_mode="assign")
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog[name].load() for name in pipeline.all_outputs()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return run(tmp_path_factory.mktemp("study"))


def test_the_candidate_with_the_least_held_out_log_loss_is_the_artifact(written):
    candidates = written["candidates"]
    losses = {name: candidates[name]["held_out"]["log_loss"] for name in FAMILIES}
    chosen = min(losses, key=lambda name: losses[name])
    manifest = written["artifact"].manifest
    assert manifest.family == chosen
    assert [name for name in FAMILIES if candidates[name]["chosen"]] == [chosen]
    assert manifest.metrics == candidates[chosen]["test"]
    assert manifest.threshold == candidates[chosen]["threshold"]
    assert set(manifest.baselines) == set(FAMILIES) - {chosen}


def test_test_predictions_are_the_candidates_answers(written):
    rows = model_input().query("split == 'test'").reset_index(drop=True)
    predictions = written["test_predictions"]
    assert predictions["customer_id"].tolist() == rows["customer_id"].tolist()
    for name in FAMILIES:
        answers = written["trained_candidates"][name].predict(rows)
        np.testing.assert_array_equal(predictions[name], answers)


def test_the_manifest_tells_features_categories_and_origin(written):
    manifest = written["artifact"].manifest
    assert [f.name for f in manifest.features] == ["use", "income", "plan", "town"]
    assert manifest.categories["plan"] == ("basic", "plus", "premium")
    assert manifest.dataset == "made_up"
    assert manifest.hashes.code == code_hash()
    assert {"onnxruntime", "torch"} <= set(manifest.packages)


def test_the_manifest_tells_who_is_called_and_how_sure_the_model_is(written):
    manifest = written["artifact"].manifest
    assert manifest.decision == DECISION
    known = written["held_out_predictions"].dropna(subset=[manifest.family])
    assert manifest.conformal.coverage == Training().calibration.coverage
    assert manifest.conformal.n_churners == known["label"].sum()
    assert manifest.conformal.n_stayers == (1 - known["label"]).sum()
    limits = fit_conformal(
        known[manifest.family].to_numpy(),
        known["label"].to_numpy(),
        coverage=manifest.conformal.coverage,
    )
    assert limits == manifest.conformal


def test_golden_rows_cover_missing_and_never_seen_values(written):
    columns, answers = written["artifact"].golden
    assert len(answers) >= 16
    assert None in columns["use"]
    assert "never seen" in columns["town"]
    assert "" in columns["plan"]


def test_the_same_data_and_parameters_give_the_same_artifact(written, tmp_path):
    assert run(tmp_path)["artifact"].files == written["artifact"].files


def test_each_finished_trial_is_a_flat_row(written):
    trials = written["tuning_trials"]
    assert trials["number"].tolist() == [0, 1]
    assert {"state", "value", "seconds", "params.dropout"} <= set(trials.columns)
    assert [trace.name for trace in written["tuning_plot"].data] == [
        "complete",
        "pruned",
        "best so far",
    ]


def test_no_trials_give_an_empty_table_and_a_figure(tmp_path):
    untuned = training(
        tmp_path,
        tuning=TuningSettings(n_trials=0, storage=f"sqlite:///{tmp_path}/t.db"),
    )
    found = nodes.tune_net(
        model_input(),
        FEATURE_SET,
        dataset=DATASET,
        training=untuned,
        decision=DECISION,
        seed=0,
    )
    assert found["net_settings"] == dataclasses.asdict(untuned.net)
    assert len(nodes.plot_tuning(found["tuning_trials"]).data) == 3


def test_a_study_can_look_for_profit(tmp_path):
    by_profit = dataclasses.replace(training(tmp_path).tuning, objective="profit")
    rows = model_input()
    rows["income"] = rows["income"].fillna(1.0)
    worth = {"column": "income", "times": 1e-4, "otherwise": 500.0}
    valued = dataclasses.replace(DECISION, customer_value=worth)
    values = []
    for decision in (DECISION, valued):
        found = nodes.tune_net(
            rows,
            FEATURE_SET,
            dataset=DATASET,
            training=training(tmp_path, tuning=by_profit),
            decision=decision,
            seed=0,
        )
        values.append(found["tuning_trials"]["value"].min())
    # Money per customer, and other money where customers are worth different sums.
    assert values[0] > 1
    assert values[1] != pytest.approx(values[0])


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


def test_a_column_of_values_that_is_not_there_is_told_before_anything_is_fit():
    value = CustomerValue("charge", otherwise=800)
    with pytest.raises(ValueError, match="columns of model_input, got 'charge'"):
        nodes.tune_net(
            model_input(),
            FEATURE_SET,
            dataset=DATASET,
            training=Training(),
            decision=dataclasses.replace(DECISION, customer_value=value),
            seed=0,
        )


class Ninth:
    """A model that gives everybody 9 %."""

    def predict(self, rows):
        return np.full(len(rows), 0.09)


def test_a_candidate_is_judged_by_what_each_customer_is_worth():
    rows = model_input(300).assign(value=np.tile([4000.0, np.nan, 0.0], 100))
    held_out = pd.DataFrame({"flat": np.full(250, 0.09)})
    worth = CustomerValue("value", otherwise=800)
    each = dataclasses.replace(DECISION, customer_value=worth)
    found = {
        name: compare({"flat": Ninth()}, rows, held_out, decision).held_out["flat"]
        for name, decision in (("one", DECISION), ("each", each))
    }
    called = rows.query("split == 'train'")["value"] == 4000
    assert found["one"]["contacted_share"] == found["one"]["profit"] == 0.0
    assert found["each"]["contacted_share"] == pytest.approx(called.mean())
    assert found["each"]["profit"] > 0
    assert found["one"]["profit_loss"] != found["each"]["profit_loss"]
    assert (
        found["one"]["threshold"] == found["each"]["threshold"] == DECISION.break_even
    )


def test_rising_metrics_choose_the_largest():
    found = Comparison(
        0.2,
        {
            "net": {"log_loss": 0.4, "roc_auc": 0.8, "profit_loss": 9.0},
            "logistic": {"log_loss": 0.3, "roc_auc": 0.7, "profit_loss": 8.0},
        },
        {},
        pd.DataFrame(),
    )
    assert found.ranked("roc_auc") == {"net": 0.8, "logistic": 0.7}
    assert list(found.ranked("log_loss")) == ["logistic", "net"]
    assert list(found.ranked("profit")) == ["logistic", "net"]


def test_the_net_is_not_tuned_where_it_is_no_candidate(tmp_path):
    without = training(tmp_path, candidates=("logistic",))
    found = nodes.tune_net(
        model_input(),
        FEATURE_SET,
        dataset=DATASET,
        training=without,
        decision=DECISION,
        seed=0,
    )
    assert found["net_settings"] == dataclasses.asdict(without.net)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["boostin"], "got 'boostin'; did you mean 'boosting'?"),
        (["net", "zz"], "out of net, boosting, logistic, got 'zz'; add it"),
        ([], r"one candidate or more, each once, .* got \[\]"),
        (["net", "net"], "each once, .* got \\['net', 'net'\\]"),
    ],
)
def test_candidates_that_cannot_be_trained_are_refused(names, message):
    with pytest.raises(ValidationError, match=message):
        Training(candidates=names)
