"""A challenger of the replay is tried as the service tries one, and each by itself."""

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.replay.canary import DAYS, Trial
from churn_pipeline.serving.rollout.spec import Canary
from tests.factories import tiny_artifact, tiny_columns

PLAN = Canary(steps=(25, 100), error_limit=0.05, slow_limit=0.05)


@pytest.fixture(scope="module")
def champion():
    return tiny_artifact("v1")


def _tried(folder, version, champion, customers):
    """Return how many customers a challenger answered, and why it did not pass."""
    rows = pd.DataFrame(tiny_columns(customers))
    rows = rows.assign(customer_id=[f"c{number}" for number in range(customers)])
    trial = Trial(folder, tiny_artifact(version), PLAN, who="replay")
    parts = list(trial.answer(rows, champion))
    assert sum(len(part.rows) for part in parts) == customers
    return sum(len(part.rows) for part in parts if part.by_challenger), trial.end()


def test_each_challenger_is_tried_by_itself(tmp_path, champion):
    for version in ("v2", "v3"):
        answered, why_not = _tried(tmp_path, version, champion, 4000)
        assert why_not == ""
        assert 2000 < answered < 4000


def test_one_that_too_few_have_met_has_not_passed_and_stops_no_other(
    tmp_path, champion
):
    answered, why_not = _tried(tmp_path, "v2", champion, 60)
    assert 0 < answered < 40
    assert why_not == "25 % of the customers get v2 by now"
    assert _tried(tmp_path, "v3", champion, 4000)[1] == ""


def test_one_whose_answers_are_no_numbers_is_stopped(tmp_path, champion):
    rows = pd.DataFrame(tiny_columns(2000))
    rows = rows.assign(customer_id=[f"c{number}" for number in range(2000)])
    broken = tiny_artifact("v2")
    broken.predict = lambda columns: np.full(len(columns["plan"]), np.nan)
    trial = Trial(tmp_path, broken, PLAN, who="replay")
    parts = list(trial.answer(rows, champion))
    assert not any(part.by_challenger for part in parts if part.day == DAYS - 1)
    assert "answers that failed" in trial.end()
