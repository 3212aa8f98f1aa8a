"""The features that a model needs, and what to do where they are gone."""

import pytest

from churn_pipeline.release.expected import require_features
from tests.factories import tiny_artifact

MANIFEST = tiny_artifact("1").manifest


def test_the_features_come_in_the_order_of_the_model():
    names = require_features(MANIFEST, {"plan", "monthly_charge", "tenure_months", "x"})
    assert names == ["tenure_months", "monthly_charge", "plan"]


def test_a_feature_that_is_gone_is_named_with_both_ways_out():
    with pytest.raises(ValueError, match="missing are 1: plan; bring") as refused:
        require_features(MANIFEST, {"tenure_months", "monthly_charge"})
    for part in (
        "model 1 ",
        "bring them back into the data, or replace this model",
        "`kedro churn promote VERSION --override --reason WHY`",
    ):
        assert part in str(refused.value)


def test_many_features_that_are_gone_fit_on_a_screen():
    feature = MANIFEST.features[0]
    many = [feature.model_copy(update={"name": f"f{n}"}) for n in range(100)]
    wide = MANIFEST.model_copy(update={"features": tuple(many)})
    with pytest.raises(
        ValueError, match=r"missing are 100: f0, .*, f19, …;"
    ) as refused:
        require_features(wide, ())
    assert "f20" not in str(refused.value)
