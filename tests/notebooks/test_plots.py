"""The notebooks' figures say in their titles what they show, whatever the data."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.notebook import model_plots, plots
from tests.factories import tiny_artifact

CLEAN = {
    "customers": {
        "rows": 4,
        "accepted": 4,
        "rejected": 0,
        "reasons": {},
        "columns": {
            "plan": {"missing": 0, "levels": {"basic": 0.75, "plus": 0.25}},
            "age": {"missing": 1},
        },
    }
}


def title(figure: object) -> str:
    """Return the title of a figure."""
    return str(figure.layout.title.text)  # type: ignore[attr-defined]


def test_rows_set_aside_are_counted_by_reason() -> None:
    dirty = CLEAN["customers"] | {"rejected": 1, "reasons": {"age: below 18": 1}}
    figure = plots.draw_reasons({"customers": dirty})
    assert title(figure) == "1 rows were set aside, 25.00% of all"
    assert list(figure.data[0].y) == ["age: below 18"]


def test_clean_data_have_a_figure_too() -> None:
    assert title(plots.draw_reasons(CLEAN)) == "0 rows were set aside, 0.00% of all"


def test_gaps_are_shares_of_the_accepted_rows() -> None:
    figure = plots.draw_missing(CLEAN)
    assert title(figure) == "1 of 2 columns have gaps"
    assert list(figure.data[0].x) == [0.25]


def test_categories_are_drawn_by_share() -> None:
    figure = plots.draw_categories(CLEAN["customers"]["columns"])
    assert title(figure) == "1 columns of categories"
    assert list(figure.data[0].text) == ["basic", "plus"]


def test_each_number_has_a_histogram_of_its_own() -> None:
    table = pd.DataFrame({"age": [20, 30], "income": [1e4, None], "plan": ["a", "b"]})
    figure = plots.draw_numbers(table)
    assert title(figure) == "2 numbers of 2 customers"
    assert [list(part.x) for part in figure.data] == [[20.0, 30.0], [10_000.0]]


def test_activity_is_counted_by_month_and_a_snapshot_has_none() -> None:
    times = [dt.datetime(2025, 1, 31), dt.datetime(2025, 2, 1), dt.datetime(2025, 2, 2)]
    frame = pd.DataFrame({"event_time": times, "kind": ["buy", "buy", None]})
    events = ibis.memtable(frame)
    assert title(plots.draw_activity(events)) == "3 events in 2 months"
    none = plots.draw_activity(events.filter(events.kind == "no such"))
    assert title(none) == "0 events in 0 months"


def test_splits_are_drawn_by_date() -> None:
    frame = pd.DataFrame(
        {
            "observation_date": [dt.date(2025, 1, 1)] * 2 + [dt.date(2025, 2, 1)],
            "split": ["train", "train", "not_mature"],
            "label": [1.0, 0.0, np.nan],
        }
    )
    figure = plots.draw_splits(frame)
    assert title(figure) == "50.0% of the rows with a known label churned"
    bars = {part.name: list(part.y) for part in figure.data if part.type == "bar"}
    assert bars["train"] == [2]
    assert bars["not_mature"] == [1]


def test_levels_are_drawn_in_the_order_of_the_numbers() -> None:
    value = np.arange(100) / 3
    figure = plots.draw_levels(value > 25, {"amount": value})
    assert list(figure.data[0].x) == [
        "[0, 8.25]",
        "(8.25, 16.5]",
        "(16.5, 24.8]",
        "(24.8, 33]",
    ]


def test_intervals_are_drawn_where_they_are_known() -> None:
    metrics = {"roc_auc": 0.8, "roc_auc_low": 0.7, "roc_auc_high": 0.85}
    prefixes = {"model": "", "other": "baselines.other."}
    figure = model_plots.draw_intervals(metrics, prefixes, ["roc_auc"])
    (drawn,) = figure.data
    assert list(drawn.y) == ["model"]
    assert drawn.error_x.array.round(6).tolist() == [0.05]


def test_the_best_learner_is_named() -> None:
    curves = {"small": [0.5, 0.4], "large": [0.6, 0.3, 0.35]}
    figure = model_plots.draw_learning(curves, 0.45)
    expected = "The large reaches 0.3000, a logistic regression 0.4500"
    assert title(figure) == expected


def test_agreement_names_the_largest_difference() -> None:
    figure = model_plots.draw_agreement([0.1, 0.5], [0.1, 0.25])
    assert title(figure) == "Largest difference 0.2"


def test_reasons_are_drawn_the_weightiest_on_top() -> None:
    reasons = tiny_artifact().reasons(
        {"tenure_months": [1.0], "monthly_charge": [500.0], "plan": ["basic"]}
    )[0]
    assert len(reasons) > 1
    figure = model_plots.draw_reasons(reasons, 0.734)
    assert title(figure) == "Why this customer's risk is 73%"
    assert list(figure.layout.yaxis.categoryarray)[-1] == reasons[0].text
    drawn = {text: x for part in figure.data for text, x in zip(part.y, part.x)}
    assert drawn == {reason.text: reason.contribution for reason in reasons}


def test_calls_are_counted() -> None:
    frame = pd.DataFrame(
        {
            "churn_probability": [0.9, 0.1, 0.2],
            "decision": ["call", "no_call", "no_call"],
        }
    )
    figure = model_plots.draw_decisions(frame, 0.5)
    assert title(figure) == "1 of 3 customers to call"
