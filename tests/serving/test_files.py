"""Files are turned into features as the pipeline does, event logs included."""

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.pipelines.feature_engineering.nodes import build_customer_features
from churn_pipeline.serving.file_scores import score_batches
from churn_pipeline.serving.files import check_file, events_to_score, rejected_rows
from churn_pipeline.validation.rows import accepted, check_rows
from churn_pipeline.validation.tables import customers_of_events, empty_checked
from tests.factories import tiny_artifact

EVENTS = Dataset.model_validate(
    {
        "name": "shop",
        "shape": "events",
        "tables": {
            "transactions": {
                "customer_id": "Client",
                "time": "When",
                "known_at": "Known",
                "amount": "Paid",
            }
        },
        "label": {"rule": "inactivity", "horizon_days": 30},
    }
)
TODAY = "2026-06-01"
PARAMETERS = FeatureEngineering(windows_days=(7, 30))


def _log(folder, days, rows=400):
    """Text as in a CSV file: every fifth purchase is known ten days later."""
    rng = np.random.default_rng(0)
    when = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        rng.integers(0, days, rows), unit="D"
    )
    late = pd.to_timedelta(np.where(np.arange(rows) % 5 == 0, 10, 0), unit="D")
    frame = pd.DataFrame(
        {
            "_row": np.arange(1, rows + 1),
            "Client": rng.integers(0, 30, rows).astype(str),
            "When": when.strftime("%Y-%m-%d"),
            "Known": (when + late).strftime("%Y-%m-%d"),
            "Paid": rng.gamma(2, 10, rows).round(2).astype(str),
        }
    )
    frame.to_parquet(folder / "log.parquet")
    return ibis.duckdb.connect().read_parquet(folder / "log.parquet")


def _to_score(raw):
    contracts = accepted(empty_checked("contracts"))
    return events_to_score(
        check_file(raw, EVENTS, today=TODAY),
        EVENTS,
        PARAMETERS,
        customers=None,
        contracts=contracts,
    )


def test_customers_of_a_log_get_the_features_of_the_pipeline(tmp_path):
    raw = _log(tmp_path, days=300)
    to_score = _to_score(raw)
    events = accepted(check_rows(raw, EVENTS.tables.transactions, EVENTS))
    contracts = accepted(empty_checked("contracts"))
    every = build_customer_features(
        customers_of_events(events), events, contracts, EVENTS, PARAMETERS
    ).customer_features.to_pandas()
    newest = every[every["observation_date"] == every["observation_date"].max()]
    found = to_score.features.drop("_row", "_left").to_pandas()
    assert to_score.id_name == "Client"
    assert to_score.customers == len(found) == len(newest) > 20
    pd.testing.assert_frame_equal(
        found.set_index("customer_id").sort_index(),
        newest.set_index("customer_id").sort_index(),
        check_dtype=False,
    )


def test_only_the_newest_day_is_scored(tmp_path):
    features = _to_score(_log(tmp_path, days=300)).features
    days = features["observation_date"].to_pandas().unique()
    assert [str(day)[:10] for day in days] == ["2025-10-27"]


def test_a_log_without_a_valid_event_is_refused(tmp_path):
    raw = _log(tmp_path, days=12)
    with pytest.raises(ValueError, match="expected at least one accepted event"):
        _to_score(raw.mutate(When=ibis.literal("never")))


def test_a_log_too_short_to_label_can_be_scored(tmp_path):
    assert _to_score(_log(tmp_path, days=12)).customers > 20


def test_bad_rows_of_a_log_are_set_aside(tmp_path):
    raw = _log(tmp_path, days=300, rows=50)
    spoilt = raw.mutate(Paid=ibis.ifelse(raw["_row"] == 7, "ten", raw["Paid"]))
    checked = check_file(spoilt, EVENTS, today=TODAY)
    assert (checked.rows, checked.rejected) == (50, 1)
    (bad,) = rejected_rows(checked, EVENTS).to_pyarrow().to_pylist()
    assert bad["row"] == 7
    assert "Paid" in bad["reasons"]


def test_purchases_of_nobody_are_bad_rows_only_where_they_are_not_normal(tmp_path):
    raw = _log(tmp_path, days=300, rows=50)
    nobody = ibis.ifelse(raw["_row"] <= 10, "", raw["Client"])
    ten = ibis.ifelse(raw["_row"] == 50, "ten", raw["Paid"])
    spoilt = raw.mutate(Client=nobody, Paid=ten)
    described = EVENTS.model_dump(mode="json")
    described["tables"]["transactions"]["allow_anonymous"] = True
    shop = Dataset.model_validate(described)
    normal = check_file(spoilt, shop, today=TODAY)
    assert (normal.rejected, normal.anonymous, normal.bad_share) == (1, 10, 1 / 40)
    assert rejected_rows(normal, shop).to_pyarrow()["row"].to_pylist() == [50]
    assert check_file(spoilt, EVENTS, today=TODAY).bad_share == 11 / 50


def test_features_that_are_not_made_any_more_are_named(tmp_path):
    to_score = _to_score(_log(tmp_path, days=300))
    with pytest.raises(ValueError, match="monthly_charge, plan; bring them back"):
        next(score_batches(to_score, tiny_artifact()))


def test_events_after_today_are_rejected_whatever_the_clock_says(tmp_path):
    raw = _log(tmp_path, days=60)  # to 2025-03-01, known up to ten days later
    newest = raw.aggregate(day=raw["When"].max()).to_pandas()["day"][0]
    late = raw.filter(raw["When"] == newest).count().to_pandas()
    two_days_before = str(pd.Timestamp(newest) - pd.Timedelta(days=2))[:10]
    assert 0 < late <= 20
    reasons = rejected_rows(check_file(raw, EVENTS, today=two_days_before), EVENTS)
    when = reasons.to_pandas()["reasons"].str.startswith("When: date outside")
    assert when.sum() == late
    assert check_file(raw, EVENTS, today=TODAY).rejected == 0
