"""Reasons are the weightiest contributions, in the features' own units and in words."""

from __future__ import annotations

import numpy as np
import pytest

from churn_pipeline.feature import Feature
from churn_pipeline.models.table import Table
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.explanation import Explainer, Reference
from churn_pipeline.release.reasons import give_reasons, in_words
from tests.factories import tiny_artifact, tiny_columns

FEATURES = (
    Feature(
        name="complaint_7d",
        type="number",
        unit="events",
        topic="complaint",
        description="Complaints in 7 days",
    ),
    Feature(name="complaint_90d", type="number", unit="events", topic="complaint"),
    Feature(name="plan", type="category", description="Plan booked"),
    Feature(name="unused", type="number"),
)
REFERENCE = Reference(
    columns={
        "complaint_7d": [0.0, 0.0],
        "complaint_90d": [0.0, 2.0],
        "plan": ["basic", "basic"],
        "unused": [5.0, 7.0],
    },
    typical={
        "complaint_7d": 0.0,
        "complaint_90d": 1.0,
        "plan": "basic",
        "unused": 6.0,
    },
    importance={},
)


class Complaints:
    """Log-odds: 1 a complaint in 90 days, 0.1 a complaint in 7, -2 for premium."""

    def log_odds(self, table: Table) -> np.ndarray:
        x = table.numbers.astype(float)
        is_premium = table.categories[:, 0] == "premium"
        return 0.1 * x[:, 0] + np.nan_to_num(x[:, 1]) - 2 * is_premium


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return Explainer(FEATURES, Complaints(), REFERENCE)


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return tiny_artifact()


def customers(*rows: tuple[float, float, str, float]) -> Table:
    numbers = np.array([[row[0], row[1], row[3]] for row in rows], np.float32)
    return Table(numbers, np.array([[row[2]] for row in rows], object))


def test_the_weightiest_topic_is_first_told_by_its_best_feature(explainer):
    table = customers((1, 5, "premium", 9))
    (reasons,) = give_reasons(explainer, table, at_most=3, raising=False)
    assert [reason.model_dump() for reason in reasons] == [
        {
            "topic": "complaint",
            "feature": "complaint_90d",
            "value": 5.0,
            "typical": 1.0,
            "unit": "events",
            "contribution": 4.1,
            "direction": "raises",
            "text": "complaint_90d: 5 events (typically 1)",
        },
        {
            "topic": "plan",
            "feature": "plan",
            "value": "premium",
            "typical": "basic",
            "unit": "",
            "contribution": -2.0,
            "direction": "lowers",
            "text": "Plan booked: premium (typically basic)",
        },
    ]


def test_only_what_raises_the_risk_is_told_where_that_is_asked(explainer):
    table = customers((0, 3, "premium", 9), (0, 0, "premium", 9))
    some, none = give_reasons(explainer, table, at_most=3, raising=True)
    assert [reason.topic for reason in some] == ["complaint"]
    assert none == []


def test_a_topic_is_told_also_where_each_of_its_features_is_typical(explainer):
    above = Reference.model_validate(
        REFERENCE.model_dump() | {"typical": REFERENCE.typical | {"complaint_90d": 3.0}}
    )
    other = Explainer(FEATURES, Complaints(), above)
    (reasons,) = give_reasons(
        other, customers((0, 3, "basic", 6)), at_most=3, raising=False
    )
    (only,) = reasons
    assert only.text == "Complaints in 7 days: 0 events (as is typical)"


def test_many_rows_get_the_reasons_that_each_gets_alone(explainer):
    rng = np.random.default_rng(0)
    table = Table(
        rng.integers(0, 6, (2100, 3)).astype(np.float32),
        rng.choice(["basic", "premium"], (2100, 1)).astype(object),
    )
    whole = give_reasons(explainer, table, at_most=2, raising=False)
    assert len(whole) == 2100
    for row in (0, 1023, 1024, 2099):
        alone = give_reasons(
            explainer, table.take(slice(row, row + 1)), at_most=2, raising=False
        )
        assert alone[0] == whole[row]


def test_values_are_told_as_they_came_and_missing_ones_as_none(explainer):
    table = customers((0, 20.1, "", 9), (0, np.nan, "premium", 9))
    (first, *_), (_, second) = give_reasons(explainer, table, at_most=3, raising=False)
    assert (first.feature, first.value) == ("complaint_90d", 20.1)
    assert (second.feature, second.value) == ("complaint_90d", None)


def test_an_artifact_gives_as_many_reasons_as_are_asked_for(artifact):
    columns = tiny_columns(40, seed=5)
    found = artifact.reasons(columns, at_most=1)
    assert len(found) == 40
    assert max(map(len, found)) == 1
    assert artifact.reasons({name: [] for name in columns}) == []


@pytest.mark.parametrize(
    ("value", "typical", "told"),
    [
        (1234.6, 0.12345, "f: 1,235 EUR (typically 0.123)"),
        (2.0, -3.25, "f: 2 EUR (typically -3.25)"),
        (None, 7.0, "f: not known (typically 7)"),
        (1e-9, None, "f: 1e-09 EUR (typically none)"),
    ],
)
def test_numbers_are_told_with_the_digits_that_matter(value, typical, told):
    feature = Feature(name="f", type="number", unit="EUR")
    assert in_words(feature, value, typical) == told
