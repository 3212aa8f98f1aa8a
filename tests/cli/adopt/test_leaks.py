"""A column that gives the label away is kept from the model."""

from pathlib import Path

import numpy as np
import pytest

from tests.cli.adopt.inputs import SNAPSHOT, described, run, table


def test_a_column_that_gives_the_label_away_is_not_used() -> None:
    table().to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert "churn reason: gives the label away" in " ".join(result.output.split())
    assert not described().tables.customers.columns["churn reason"].feature
    assert "# gives the label away" in Path("conf/mine/dataset.yml").read_text()


@pytest.mark.parametrize(("name", "is_used"), [("churnScore", False), ("visits", True)])
def test_a_good_guess_named_like_the_label_gives_it_away(
    name: str, is_used: bool
) -> None:
    draw = np.random.default_rng(0)
    frame = table().rename(columns={"left": "Churn_Label"})
    is_positive = frame["Churn_Label"] == "Yes"
    score = draw.integers(0, 80, len(frame)) + 40 * is_positive
    frame.assign(**{name: score}).to_csv("data.csv", index=False)
    run(Path("data.csv"), "--target", "Churn_Label", "--positive", "Yes")
    assert described().tables.customers.columns[name].feature is is_used


def test_what_is_told_of_the_cells_is_told_beside_a_leak() -> None:
    frame = table().assign(day=lambda rows: rows["left"].map({"Yes": "01/02/2024"}))
    frame["day"] = frame["day"].fillna("03/04/2024")
    frame.to_csv("data.csv", index=False)
    output = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert "day: gives the label away" in output
    assert "ROC AUC 1.000; day and month may be swapped" in output


def test_a_table_without_a_column_for_the_model_is_told() -> None:
    table()[["id", "note", "same", "left"]].to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert "no column is left that the model may use" in " ".join(result.output.split())
