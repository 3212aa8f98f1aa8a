"""The drift pipeline: quiet on the same customers, and names what has changed."""

import datetime as dt
import re

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.monitoring.params import DriftReporting
from churn_pipeline.pipelines.drift_reporting import create_pipeline
from tests.factories import TINY_DATASET, tiny_artifact, tiny_columns
from tests.pipelines.in_memory import run_in_memory

TRAINED = [dt.date(2026, month, 1) for month in (1, 2, 3)]
QUIET, DRIFTED = dt.date(2026, 4, 1), dt.date(2026, 5, 1)


@pytest.fixture(scope="module")
def company():
    """Five months of customers; in the last one tenure and plan are others."""
    frame = pd.DataFrame(tiny_columns(2000, seed=1))
    dates = [*TRAINED, QUIET, DRIFTED]
    frame["observation_date"] = np.repeat(dates, 400)
    frame["customer_id"] = [f"c{i}" for i in range(len(frame))]
    drifted = frame["observation_date"] == DRIFTED
    frame.loc[drifted, "tenure_months"] *= 0.4
    frame.loc[drifted & (frame.index % 2 == 0), "plan"] = "premium"
    return frame


def _run(company, learnt=None, history=(), labels=None, **parameters):
    if learnt is None:
        learnt = company[company["observation_date"] <= TRAINED[-1]]
    rule = DriftReporting(
        reference_splits=("train",), report_rows=200, report_columns=3, **parameters
    )
    features = ibis.memtable(company)
    charge = features.monthly_charge.cast("decimal(10, 2)")  # as of a Parquet file
    known = learnt.assign(split="train", label=0.0)
    inputs = {
        "customer_features": features.mutate(monthly_charge=charge),
        "model_input_of_champion": known,
        "model_input": known if labels is None else labels,
        "watch_history": list(history),
        "champion": tiny_artifact(),
        "params:drift_reporting": rule,
        "params:dataset": TINY_DATASET,
        "params:seed": 1,
    }
    return run_in_memory(create_pipeline(), inputs)


@pytest.fixture(scope="module")
def newest(company):
    return _run(company)


def test_drifted_columns_are_named(newest):
    verdict = newest["drift_verdict"]
    assert verdict["verdict"] == "drift"
    assert set(verdict["drifted"]) == {"tenure_months", "plan"}
    costs = {c["name"]: c["cost"] for c in verdict["columns"]}
    assert costs["tenure_months"] > costs["plan"] > 0
    assert verdict["drifted"][0] == "tenure_months", "it costs most"
    assert verdict["share_drifted"] == pytest.approx(2 / 3)
    assert verdict["current_date"] == "2026-05-01"
    assert verdict["reference_dates"] == ["2026-01-01", "2026-03-01"]
    assert (verdict["reference_rows"], verdict["current_rows"]) == (1200, 400)
    assert verdict["prediction"]["drifted"]
    assert verdict["model_version"] == tiny_artifact().manifest.version


def test_the_month_before_the_drift_is_quiet(company):
    verdict = _run(company, current_date=QUIET)["drift_verdict"]
    assert (verdict["verdict"], verdict["drifted"]) == ("quiet", [])
    assert verdict["current_date"] == "2026-04-01"


def test_rows_that_the_champion_learnt_from_are_nothing_newer(company):
    snapshot = company[company["observation_date"] == QUIET]
    made = _run(snapshot, learnt=snapshot[::-1])
    verdict = made["drift_verdict"]
    assert verdict["verdict"] == "nothing newer than the training data"
    title = made["drift_overview"].layout.title.text
    assert title.startswith("2026-04-01: Nothing was compared")
    assert verdict["current_rows"] == 400
    page = made["drift_report"]
    assert "<strong>Nothing was compared: the newest rows are those" in page
    assert "iframe" not in page.split("</style>")[1]
    assert "drifted" not in page.split("</style>")[1]


def test_a_replaced_snapshot_of_the_same_date_is_compared_with_the_one_learnt(company):
    learnt = company[company["observation_date"] == QUIET]
    replaced = learnt.assign(tenure_months=learnt["tenure_months"] * 0.4)
    verdict = _run(replaced, learnt=learnt)["drift_verdict"]
    assert (verdict["verdict"], verdict["drifted"]) == ("drift", ["tenure_months"])


def test_a_snapshot_with_one_more_customer_is_newer(company):
    snapshot = company[company["observation_date"] == QUIET]
    verdict = _run(snapshot, learnt=snapshot[1:])["drift_verdict"]
    assert verdict["verdict"] == "quiet"


def test_a_feature_that_is_not_made_any_more_is_named(company):
    message = r"expected the 3 features .* missing are 1: plan; .* `kedro run`"
    with pytest.raises(ValueError, match=message):
        _run(company.drop(columns="plan"), learnt=company)
    with pytest.raises(ValueError, match=message):
        _run(company, learnt=company.drop(columns="plan"))


def test_ignored_columns_are_not_judged(company):
    verdict = _run(company, ignore=("plan",))["drift_verdict"]
    names = {column["name"] for column in verdict["columns"]}
    assert names == {"tenure_months", "monthly_charge"}


def test_page_and_figure_show_what_the_verdict_says(newest):
    page = newest["drift_report"]
    figure = newest["drift_overview"]
    said = "2 of 3 columns drifted; the predictions drifted too."
    assert f"<strong>{said}</strong>" in page
    assert said in figure.layout.title.text
    assert "come first: tenure_months, plan.</p>" in page
    assert "Has “tiny” changed" in page
    assert "2026-05-01 (400 rows)" in page
    assert tiny_artifact().manifest.version in page
    bars = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    verdict = newest["drift_verdict"]
    effects = {column["name"]: column["effect"] for column in verdict["columns"]}
    assert effects.items() <= bars.items()
    for column in verdict["columns"]:
        assert f"<td>{100 * column['effect']:.1f} %</td>" in page
        assert f"<td>{100 * column['ordinary']:.1f} %</td>" in page


def test_the_page_is_small_and_loads_nothing(newest):
    page = newest["drift_report"]
    assert len(page.encode()) < 2 * 2**20
    assert not re.findall(r"(?:src|href)=[\"']?https?:", page)


def test_the_console_says_the_counts_and_names_the_furthest_first(company, caplog):
    with caplog.at_level("INFO"):
        verdict = _run(company)["drift_verdict"]
    lines = [r.getMessage() for r in caplog.records if "drift_reporting" in r.name]
    furthest = max(verdict["columns"], key=lambda column: column["effect"])
    assert lines[0].endswith("2 of 3 columns drifted; the predictions drifted too.")
    assert lines[1].startswith(f"share of customers moved: {furthest['name']} ")


def test_columns_are_sorted_by_how_far_they_moved_the_drifted_ones_first(newest):
    columns = newest["drift_verdict"]["columns"]
    found = [(column["drifted"], column["effect"]) for column in columns]
    assert found == sorted(found, reverse=True)


def test_the_second_drifted_window_is_an_alarm(company, newest):
    assert not newest["drift_verdict"]["confirmed"]
    assert "Not confirmed yet" in newest["drift_report"]
    (watch,) = newest["watch"]
    before = watch | {"date": "2026-04-15"}
    made = _run(company, history=[before])
    assert made["drift_verdict"]["confirmed"]
    assert made["drift_verdict"]["window_dates"] == ["2026-04-15", "2026-05-01"]
    assert "Confirmed: the same drifted in 2 of the last 3" in made["drift_report"]
    assert "<th>26-04-15</th><th>26-05-01</th>" in made["drift_report"]


def test_what_was_not_compared_is_no_watch(company):
    snapshot = company[company["observation_date"] == QUIET]
    assert _run(snapshot, learnt=snapshot[::-1])["watch"] == []


def test_the_churn_rate_of_newer_labels_is_judged(company, newest):
    assert newest["churn_rate_verdict"] == {"target": None}
    assert "no label newer than the model" in newest["drift_report"]
    leavers = company["observation_date"] > TRAINED[-1]
    labels = company.assign(label=np.where(leavers & (company.index % 2 == 0), 1.0, 0))
    made = _run(company, labels=labels)
    assert made["drift_verdict"]["target"]["rate"] == 0.5
    assert made["drift_verdict"]["target"]["drifted"]
    assert "Churn rate of 2026-05-01 <b class=" in made["drift_report"]


def test_the_page_tells_the_cost_and_what_evidently_says(newest):
    page, verdict = newest["drift_report"], newest["drift_verdict"]
    first = verdict["causes"][0]
    assert f">1. {first['name']}</td><td>{1000 * first['cost']:,.0f}</td>" in page
    evidently = newest["evidently_verdict"]["columns"]
    assert set(evidently) == {"churn_probability", *tiny_columns()}
    score = evidently["tenure_months"]["score"]
    assert f'<td class="left">drifted, {score:,.2f}</td>' in page
    assert "concept drift" in page
