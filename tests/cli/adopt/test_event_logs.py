"""A log of events is described: its roles, its time, its cancellations."""

import datetime as dt
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.validation.rows import accepted, check_rows
from tests.cli.adopt.inputs import described, run


def events() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=300)
    return pd.DataFrame(
        {
            "client": [f"K{i % 9}" if i % 50 else "" for i in range(300)],
            "InvoiceNo": [f"{'C' if i % 10 == 0 else ''}{i + 500}" for i in range(300)],
            "date": days.strftime("%d/%m/%Y %H:%M"),
            "unit price": 2.5,
            "quantity": 3,
        }
    )


def test_an_event_log_is_described() -> None:
    events().to_csv("log.csv", index=False)
    options = ["--id", "client", "--time", "date", "--amount", "unit price"]
    assert run(Path("log.csv"), *options, "--horizon", "60").exit_code == 0
    dataset = described()
    log = dataset.tables.transactions
    assert log is not None
    assert (log.order_id, log.quantity) == ("InvoiceNo", "quantity")
    assert log.date_format == "%d/%m/%Y %H:%M"
    assert log.cancelled_if_starts_with == {"InvoiceNo": "C"}
    assert log.allow_anonymous
    assert dataset.label.horizon_days == 60
    assert Path("conf/mine/parameters_feature_engineering.yml").exists()


def test_cancelled_events_without_a_role_are_told() -> None:
    frame = events().drop(columns="InvoiceNo")
    frame["status"] = ["canceled", *["delivered"] * 299]
    frame.to_csv("log.csv", index=False)
    result = run(Path("log.csv"), "--id", "client", "--time", "date", "--horizon", "60")
    output = " ".join(result.output.split())
    assert "status: `canceled` in 0.3% of the rows, which count as purchases" in output
    assert described().tables.transactions.order_id is None


@pytest.mark.parametrize(("form", "times"), [("epoch_s", 1), ("epoch_ms", 1000)])
def test_a_time_may_be_a_number_from_1970_on(form: str, times: int) -> None:
    seconds = 1_640_995_200 + 86_400 * np.arange(400)
    frame = pd.DataFrame({"user": np.arange(400) % 40, "ts": seconds * times})
    frame.to_csv("log.csv", index=False)
    log = ["--id", "user", "--time", "ts", "--horizon", "30"]
    assert run(Path("log.csv"), *log).exit_code == 0
    dataset = described()
    assert dataset.tables.transactions.date_format == form
    raw = ibis.duckdb.connect().create_table("raw", frame.astype("string"))
    good = accepted(check_rows(raw, dataset.tables.transactions, dataset))
    first = good["event_time"].min().to_pyarrow().as_py()
    assert first == dt.datetime(2022, 1, 1)
