"""Commands that are told act on the data set that they are told of."""

import pytest

from churn_pipeline.environment import told_for


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "these checks failed: bias; see `kedro churn review 1.0.0`",
            "these checks failed: bias; see `kedro churn review 1.0.0 --env shop`",
        ),
        (
            "Nothing yet: `kedro run --pipelines monitoring`",
            "Nothing yet: `kedro run --pipelines monitoring --env shop`",
        ),
        (
            "run `kedro churn approve 1.0.0`, or `kedro run`",
            "run `kedro churn approve 1.0.0 --env shop`, or `kedro run --env shop`",
        ),
    ],
)
def test_a_command_is_told_with_the_data_set(text, told):
    assert told_for("shop", text) == told
    assert told_for("shop", told) == told
    assert told_for(None, text) == told_for("local", text) == text


@pytest.mark.parametrize(
    "text",
    [
        "run `make run` (or `kedro run --env NAME`)",
        "see `kedro churn status -e telco --json`",
        "make one with `kedro churn adopt shop FILE ...`",
        "expected a backup made by `kedro churn backup`",
        "restore it (`kedro churn restore`)",
        "`kedro registry list` shows them",
        "kedro run ends `there`",
    ],
)
def test_what_names_its_data_set_or_takes_none_is_left_alone(text):
    assert told_for("shop", text) == text
