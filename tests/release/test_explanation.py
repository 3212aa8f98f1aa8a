"""An artifact alone says why: contributions against the few rows that it keeps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from churn_pipeline.feature import Feature
from churn_pipeline.models.table import Table
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.explanation import Topics, choose_reference
from churn_pipeline.release.session import log_odds
from tests.factories import tiny_artifact, tiny_columns


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return tiny_artifact()


class Additive:
    """A model whose log-odds are the sum of its numbers, the first five times."""

    def log_odds(self, table: Table) -> np.ndarray:
        x = np.nan_to_num(table.numbers.astype(float))
        return x.sum(axis=1) + 4 * x[:, 0]


def wide(n_features: int) -> tuple[tuple[Feature, ...], Table]:
    features = tuple(Feature(name=f"f{i}", type="number") for i in range(n_features))
    numbers = np.random.default_rng(0).normal(2, 1, (500, n_features))
    return features, Table(numbers.astype(np.float32), np.empty((500, 0), object))


def test_contributions_lead_from_the_reference_rows_to_the_probability(artifact):
    columns = tiny_columns(50, seed=7)
    explained = artifact.explain(columns)
    expected = log_odds(artifact.predict(columns)) - explained.base
    np.testing.assert_allclose(explained.contributions.sum(axis=1), expected, atol=1e-9)


def test_a_saved_artifact_explains_as_before(artifact, tmp_path):
    artifact.save(tmp_path)
    columns = tiny_columns(20, seed=7)
    loaded = Artifact.load(tmp_path).explain(columns)
    np.testing.assert_array_equal(
        loaded.contributions, artifact.explain(columns).contributions
    )


def test_what_drives_churn_is_first_in_importance(artifact):
    first, *others = artifact.importance.values()
    assert next(iter(artifact.importance)) == "tenure_months"
    assert first > 3 * max(others)


def test_the_rows_kept_are_values_of_features_and_nothing_else(artifact):
    known = json.loads(artifact.files["reference.json"])
    names = ["tenure_months", "monthly_charge", "plan"]
    assert list(known["columns"]) == names
    assert {len(values) for values in known["columns"].values()} == {16}
    assert known["typical"]["tenure_months"] == np.median(
        tiny_columns()["tenure_months"]
    )


def test_reference_rows_stand_for_all_rows_in_the_eyes_of_the_model():
    features, table = wide(5)
    known = choose_reference(features, Additive(), table)
    kept = np.array([known.columns[feature.name] for feature in features])
    off = np.abs(kept.mean(axis=1) - table.numbers.mean(axis=0))
    assert off.max() < 0.1  # of a mean of 16 rows drawn by chance: 0.25 deviations
    assert next(iter(known.importance)) == "f0"


def test_a_wide_table_has_one_reference_row_of_typical_values():
    features, table = wide(400)
    known = choose_reference(features, Additive(), table)
    kept = {name: value for name, (value,) in known.columns.items()}
    assert kept == pytest.approx(known.typical, rel=1e-6)
    assert next(iter(known.importance)) == "f0"


def test_few_training_rows_and_values_without_end_are_no_hindrance():
    features, table = wide(2)
    few = Table(table.numbers[:3].copy(), table.categories[:3])
    few.numbers[0] = np.inf, -np.inf
    known = choose_reference(features, Additive(), few)
    assert sorted(known.columns["f0"], key=str)[-1] is None
    assert len(known.columns["f0"]) == 3


def test_typical_is_missing_where_most_rows_have_no_value():
    features = (
        Feature(name="days", type="number"),
        Feature(name="plan", type="category"),
    )
    numbers = np.array([[np.nan], [np.nan], [3.0]], np.float32)
    table = Table(numbers, np.array([[""], [""], ["a"]], object))
    known = choose_reference(features, Additive(), table)
    assert known.typical == {"days": None, "plan": None}


def test_features_of_one_topic_are_one_player():
    features = (
        Feature(name="complaint_7d", type="number", topic="complaint"),
        Feature(name="plan", type="category", topic="price"),
        Feature(name="age", type="number"),
        Feature(name="complaint_30d", type="number", topic="complaint"),
        Feature(name="charge", type="number", topic="price"),
    )
    topics = Topics(features)
    assert topics.names == ("complaint", "price", "age")
    assert topics.players.numbers.tolist() == [0, 2, 0, 1]
    assert topics.players.categories.tolist() == [1]
    members = [feature.name for feature in topics.members[0]]
    assert members == ["complaint_7d", "complaint_30d"]
