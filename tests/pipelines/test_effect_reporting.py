"""What calls bring: labels of both groups, by campaign and by segment."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.io.prediction_log import PredictionLog
from churn_pipeline.io.versions import AllVersions
from churn_pipeline.pipelines.effect_reporting.labels import label_assignments
from churn_pipeline.pipelines.effect_reporting.nodes import (
    EffectReporting,
    draw_effect,
    measure_effect,
)
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.truth import Truth
from tests.factories import TINY_DATASET
from tests.features.tables import COMPANY, as_tables, customers, events, terms

LISTED = dt.date(2024, 4, 11)  # between the dates that features are made at
NOW = 1_800_000_000 * 10**9
SNAPSHOT = Dataset.model_validate(
    {
        "name": "shop",
        "shape": "snapshot",
        "snapshot_date": "2026-01-31",
        "tables": {"customers": {"customer_id": "id"}},
        "label": {"rule": "column", "column": "left", "positive": "yes"},
    }
)


def _assignments(names, date, arm="call", campaign="first"):
    return pd.DataFrame(
        {
            "campaign": campaign,
            "customer_id": names,
            "observation_date": pd.Timestamp(date),
            "arm": arm,
        }
    )


def _labelled(assignments, tables, dataset, log=None):
    found = label_assignments(
        assignments,
        *tables,
        log,
        dataset,
        FeatureEngineering.model_validate({"windows_days": [7], "lookback_days": 7}),
    )
    return dict(zip(found["customer_id"], found["label"], strict=True))


@pytest.fixture(scope="module")
def tables():
    rows = [(who, day, 1) for who in "abc" for day in ("2024-03-01", "2024-04-10")]
    rows += [("a", "2024-05-01", 1), ("c", "2024-08-01", 1)]
    return as_tables(
        {
            "customers": customers(["a", "b", "c", "d"]),
            "transactions": events(rows),
            "contracts": terms(
                [("z", "2020-01-01", "2020-02-01"), ("d", "2024-01-01", "2024-04-14")]
            ),
        }
    )


def test_a_list_has_labels_of_its_own_date_by_the_rule_of_the_data_set(tables):
    # Lead time to 16 April, horizon to 16 May: only `a` buys in it.
    assert _labelled(_assignments(["a", "b", "c"], LISTED), tables, COMPANY) == {
        "a": 0.0,
        "b": 1.0,
        "c": 1.0,
    }


def test_who_is_lost_at_once_is_lost_whatever_the_lead_time(tables):
    # A model learns nothing of `d`; of a call that made them leave all is told.
    assert _labelled(_assignments(["a", "d"], LISTED), tables, COMPANY) == {
        "a": 0.0,
        "d": 1.0,
    }


def test_a_label_that_has_not_settled_is_none_yet(tables):
    late = _assignments(["a"], dt.date(2024, 7, 20))
    assert np.isnan(_labelled(late, tables, COMPANY)["a"])


def test_a_customer_counts_once_a_campaign_from_the_first_list_on(tables):
    lists = pd.concat(
        [
            _assignments(["a"], dt.date(2024, 5, 20)),
            _assignments(["a"], LISTED),
        ]
    )
    assert _labelled(lists, tables, COMPANY) == {"a": 0.0}


@pytest.mark.parametrize("key", [b"", b"0123456789abcdef"])
def test_of_a_snapshot_feedback_by_customer_and_date_tells(tmp_path, key, tables):
    url, names = f"sqlite:///{tmp_path}/journal.db", Pseudonyms(key)
    date = dt.date(2026, 1, 31)
    said = [("7", True), ("7", False), ("8", True)]
    feedback = Feedback(url, names)
    feedback.add(
        [Truth(customer_id=w, observation_date=date, churned=c) for w, c in said],
        key_hash="k",
    )
    feedback.close()
    listed = _assignments([7, 8, 9], date)
    log = PredictionLog(url, NOW, names)
    found = _labelled(listed, tables, SNAPSHOT, log)
    assert (found[7], found[8]) == (0.0, 1.0)
    assert np.isnan(found[9])
    assert np.isnan(list(_labelled(listed, tables, SNAPSHOT).values())).all()


def _outcomes(n=4000, seed=0, campaign="first"):
    """Calls keep a third of the basic plan, and wake customers of the other."""
    rng = np.random.default_rng(seed)
    control, plan = rng.random(n) < 0.3, rng.choice(["basic", "premium"], n)
    leaves = np.where(plan == "basic", 0.45, 0.1)
    called = np.where(plan == "basic", 0.3, 0.25)
    churned = rng.random(n) < np.where(control, leaves, called)
    return pd.DataFrame(
        {
            "campaign": campaign,
            "customer_id": np.arange(n),
            "observation_date": pd.Timestamp(LISTED),
            "arm": np.where(control, "control", "call"),
            "rank": pd.Series(range(1, n + 1), dtype="Int64"),
            "churn_probability": leaves,
            "expected_profit": 5.0,
            "expected_spend": 4.0,
            "customer_value": 100.0,
            "success_rate": 0.5,
            "certainty": "leaves",
            "held_out": False,
            "model_version": "v1",
            "control_share": 0.3,
            "plan": plan,
            "label": churned.astype(float),
        }
    )


def _measured(outcomes):
    return measure_effect(outcomes, TINY_DATASET, EffectReporting())


def test_sleeping_dogs_are_named_by_segment():
    (found,) = _measured(_outcomes())["campaigns"]
    by_level = {
        (part["segment"], part["level"]): part["effect"]["says"]
        for part in found["segments"]
    }
    assert by_level["plan", "basic"] == "fewer_leave"
    assert by_level["plan", "premium"] == "more_leave"
    warned = [line for line in found["in_words"] if line.startswith("sleeping dogs")]
    assert any("in plan premium more leave when called" in line for line in warned)
    assert not any("basic" in line for line in warned)
    whole = found["effect"]
    assert whole["called"] + whole["control"] == 4000
    money = 100 * (whole["control_churn"] - whole["called_churn"]) - 4
    assert whole["profit"]["value"] == pytest.approx(money, abs=0.5)


@pytest.mark.parametrize(
    ("worth", "says"),
    [({"basic": 9.0, "premium": 1.0}, "holds"), ({"basic": 1.0}, "reversed")],
)
def test_the_order_of_the_list_is_judged_by_what_its_first_part_brings(worth, says):
    rows = _outcomes(n=20_000)
    rows["expected_profit"] = rows["plan"].map(worth).fillna(5.0)
    found = _measured(rows)
    (campaign,) = found["campaigns"]
    assert campaign["order"]["says"] == says
    assert "the first 50% of the list brings" in campaign["in_words"][1]
    drawn = {trace.name: list(trace.y) for trace in draw_effect(found).data}
    assert drawn["called from the top"] == pytest.approx(
        [at["value"] for at in campaign["order"]["profit"]]
    )


@pytest.mark.parametrize(("n", "told"), [(0, "nobody"), (100, "too few labels")])
def test_a_figure_of_nothing_says_why(n, told):
    figure = draw_effect(_measured(_outcomes(n=n)))
    assert told in figure.layout.title.text
    assert not figure.data


def test_what_was_expected_is_by_the_rate_that_was_stated_at_the_time():
    before = _outcomes(n=1000).assign(success_rate=0.25)
    later = _outcomes(n=1000, campaign="second").assign(
        observation_date=pd.Timestamp(LISTED) + pd.Timedelta(days=90)
    )
    found = _measured(pd.concat([before, later]))["campaigns"]
    called = before[before["arm"] == "call"]["churn_probability"].mean()
    second, first = (part["effect"]["expected_change"] for part in found)
    assert first == pytest.approx(-0.25 * called)
    assert second == pytest.approx(-0.5 * called)


def test_each_campaign_is_measured_by_itself_the_newest_first():
    later = _outcomes(campaign="second").assign(
        observation_date=pd.Timestamp(LISTED) + pd.Timedelta(days=90)
    )
    found = _measured(pd.concat([_outcomes(n=1000), later]))["campaigns"]
    assert [part["campaign"] for part in found] == ["second", "first"]
    assert sum(found[1]["customers"].values()) == 1000


def test_what_cannot_be_measured_yet_is_said():
    waiting = _outcomes(n=100).assign(label=np.nan)
    (found,) = _measured(waiting)["campaigns"]
    assert found["effect"] is None
    assert "labels have settled of 0 and 0" in found["in_words"][0]
    alone = _outcomes(n=100).assign(arm="call")
    (found,) = _measured(alone)["campaigns"]
    assert "nobody was kept aside" in found["in_words"][0]
    assert _measured(_outcomes(n=0))["campaigns"] == []


def test_all_lists_are_read_the_oldest_first(tmp_path):
    entry = AllVersions(path=str(tmp_path / "calls.parquet"))
    assert (entry.exists(), len(entry.load())) == (False, 0)
    for version, names in (("2026-02", ["b"]), ("2026-01", ["a"]), ("2026-03", [])):
        folder = tmp_path / "calls.parquet" / version
        folder.mkdir(parents=True)
        _assignments(names, LISTED).to_parquet(folder / "calls.parquet")
    assert entry.load()["customer_id"].tolist() == ["a", "b"]


def _leave(tmp_path, name, version, rows):
    file = tmp_path / name / version / name
    file.parent.mkdir(parents=True)
    rows.to_parquet(file)
    return file


def _nights(count):
    """Return lists of one night after the other, of ten of fifty customers each."""
    rng = np.random.default_rng(0)
    for night in range(count):
        campaign = "first" if night < 20 else "second"
        names = [f"C{i}" for i in sorted(rng.choice(50, 10, replace=False))]
        date = LISTED + dt.timedelta(days=night)
        yield f"v{night:02d}", _assignments(names, date, campaign=campaign)


def test_what_was_kept_stands_for_older_lists_which_are_read_no_more(tmp_path, tables):
    kept = AllVersions(
        path=str(tmp_path / "calls.parquet"), kept=str(tmp_path / "outcomes.parquet")
    )
    parameters = FeatureEngineering.model_validate(
        {"windows_days": [7], "lookback_days": 7}
    )
    lists, known = list(_nights(60)), None
    for version, rows in lists:
        file = _leave(tmp_path, "calls.parquet", version, rows)
        if version in {"v25", "v55"}:
            known = label_assignments(kept.load(), *tables, None, COMPANY, parameters)
            _leave(tmp_path, "outcomes.parquet", version, known)
    _leave(tmp_path, "outcomes.parquet", "v58", known).write_bytes(b"PAR1 killed")
    for file in sorted((tmp_path / "calls.parquet").glob("v0*/*"))[:20]:
        file.write_bytes(b"not to be read")
    every = pd.concat([rows for _, rows in lists], ignore_index=True)
    found, expected = (
        label_assignments(rows, *tables, None, COMPANY, parameters)
        .sort_values(["campaign", "customer_id"])
        .reset_index(drop=True)
        for rows in (kept.load(), every)
    )
    assert len(expected) > 60
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_a_list_that_was_written_late_is_not_left_out(tmp_path):
    entry = AllVersions(
        path=str(tmp_path / "calls.parquet"), kept=str(tmp_path / "outcomes.parquet")
    )
    _leave(tmp_path, "outcomes.parquet", "v2", _assignments(["a"], LISTED))
    _leave(tmp_path, "calls.parquet", "v1", _assignments(["b"], LISTED))
    assert entry.load()["customer_id"].tolist() == ["a", "b"]
