"""The pipeline from raw tables to typed ones, and what stops it."""

import datetime as dt
import re
from collections.abc import Callable

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.dataset import ColumnLabel, Dataset, InactivityLabel
from churn_pipeline.pipelines.data_validation.nodes import (
    accept_tables,
    check_tables,
    collect_rejected_rows,
    report_data_quality,
)
from churn_pipeline.tables import Column, Customers, Tables, Transactions
from churn_pipeline.validation.errors import DataValidationError
from churn_pipeline.validation.params import DataValidation

ROWS = 400
TODAY = "2024-06-01"
SNAPSHOT = Dataset(
    name="small",
    shape="snapshot",
    snapshot_date=dt.date(2024, 6, 1),
    tables=Tables(
        customers=Customers(
            customer_id="id",
            unique=("id",),
            columns={
                "charge": Column(type="number", min=0),
                "total": Column(type="number"),
                "plan": Column(type="category"),
            },
        )
    ),
    label=ColumnLabel(rule="column", column="left", positive="Yes", negative="No"),
)
EVENTS = Dataset(
    name="shop",
    shape="events",
    tables=Tables(
        transactions=Transactions(
            customer_id="who",
            time="when",
            order_id="order",
            amount="price",
            quantity="pieces",
            cancelled_if_starts_with={"order": "C"},
            allow_anonymous=True,
        )
    ),
    label=InactivityLabel(rule="inactivity", horizon_days=30),
)


def snapshot() -> pd.DataFrame:
    """A quarter left; charges around 70; the label is not in the columns."""
    draw = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": [f"C{i}" for i in range(ROWS)],
            "charge": draw.normal(70, 5, ROWS).round(2).astype(str),
            "total": draw.normal(900, 90, ROWS).round(2).astype(str),
            "plan": draw.choice(["basic", "plus"], ROWS),
            "left": np.where(np.arange(ROWS) % 4 == 0, "Yes", "No"),
        }
    )


def run(raw: pd.DataFrame, dataset: Dataset = SNAPSHOT, **options: object) -> dict:
    """Run the nodes as the pipeline does; `last` is an earlier run's profile."""
    last = options.pop("last", None)
    today = str(options.pop("today", TODAY))
    is_snapshot = dataset.shape == "snapshot"
    table = ibis.memtable(raw)
    found = check_tables(
        table if is_snapshot else None,
        None if is_snapshot else table,
        None,
        dataset,
        today,
    )
    raw_columns = found.pop("raw_columns")
    parameters = DataValidation(**options)
    judged = report_data_quality(
        **found,
        raw_columns=raw_columns,
        last_profile=last,
        dataset=dataset,
        data_validation=parameters,
        today=today,
    )
    rejected = collect_rejected_rows(**found).to_pandas()
    accepted = accept_tables(**found, quality=judged["quality"], dataset=dataset)
    return accepted | judged | {"rejected": rejected}


def test_counts_add_up_and_blanks_are_counted() -> None:
    raw = snapshot()
    raw.loc[:10, "total"] = " "
    raw.loc[20, "charge"] = "x"
    done = run(raw)
    counts = done["report"]["tables"]["customers"]
    assert (counts["rows"], counts["accepted"], counts["rejected"]) == (400, 399, 1)
    assert counts["reasons"] == {"charge: not a number": 1}
    assert counts["columns"]["total"]["missing"] == 11
    assert done["customers"].count().execute() == 399
    assert len(done["rejected"]) == 1


def vanish(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.rename(columns={"charge": "charges"})


def leak(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(plan=np.where(raw["left"] == "Yes", "gone", "here"))


STOPS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "column vanished": (vanish, r"a column `charge`, got none; did you mean `charges`"),
    "label vanished": (lambda raw: raw.drop(columns="left"), "a column `left`, got n"),
    "label blank": (lambda raw: raw.assign(left=""), "400 x left: label missing"),
    "label unknown": (lambda raw: raw.assign(left="?"), "400 x left: unknown label"),
    "one class": (lambda raw: raw.assign(left="No"), "got 400 rows none with `Yes`"),
    "unreadable": (lambda raw: raw.assign(charge="€ 5"), "400 x charge: not a number"),
    "leak": (leak, r"customers\.plan: leak: .*ROC AUC 1\.000.*`feature: false`"),
}


@pytest.mark.parametrize("name", STOPS)
def test_bad_data_stop_the_run(name: str) -> None:
    spoil, message = STOPS[name]
    with pytest.raises(DataValidationError, match=message):
        run(spoil(snapshot()))


def test_a_message_of_many_bad_rows_is_one_screen() -> None:
    with pytest.raises(DataValidationError) as error:
        run(snapshot().assign(charge="x", total="y", plan="", left="?"))
    assert len(str(error.value).splitlines()) <= 24


def flip(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(left=np.where(raw["left"] == "Yes", "No", "Yes"))


CHANGES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "lost digit": (
        lambda raw: raw.assign(charge=(raw["charge"].astype(float) / 10).astype(str)),
        r"customers\.charge: magnitude: .*10\.\d times smaller: a digit",
    ),
    "inverted label": (flip, r"customers\.left: inverted: expected about 25\.0%"),
    "changed coding": (
        lambda raw: raw.assign(plan=np.where(raw["plan"] == "basic", "0", "1")),
        r"customers\.plan: levels: expected values such as .*got .*in 100% of the rows",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_data_unlike_the_last_accepted_stop_the_run(name: str) -> None:
    spoil, message = CHANGES[name]
    last = run(snapshot())["data_profile"]
    with pytest.raises(DataValidationError, match=message):
        run(spoil(snapshot()), last=last)


def test_an_inverted_label_stops_the_first_run_where_a_rate_is_declared() -> None:
    label = SNAPSHOT.label.model_copy(update={"expected_rate": 0.25})
    dataset = SNAPSHOT.model_copy(update={"label": label})
    assert run(snapshot(), dataset)["report"]["findings"] == []
    with pytest.raises(DataValidationError, match="the label looks inverted; correct"):
        run(flip(snapshot()), dataset)


def test_a_finding_that_was_looked_at_does_not_stop() -> None:
    report = run(leak(snapshot()), accepted=("customers.plan: leak",))["report"]
    assert [finding["level"] for finding in report["findings"]] == ["accepted"]


def test_new_columns_and_types_are_told_and_do_not_stop() -> None:
    last = run(snapshot())["data_profile"]
    raw = snapshot().assign(extra="1")
    raw["charge"] = raw["charge"].astype(float)
    findings = run(raw, last=last)["report"]["findings"]
    assert [(f["level"], f["where"], f["check"]) for f in findings] == [
        ("warn", "customers", "new columns"),
        ("warn", "customers.charge", "type"),
    ]
    assert "got `extra`" in findings[0]["message"]


def events() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=120)
    return pd.DataFrame(
        {
            "who": [f"C{i % 7}" for i in range(120)],
            "when": days.strftime("%Y-%m-%d"),
            "order": [f"{'C' if i % 10 == 0 else ''}{i}" for i in range(120)],
            "price": "2.5",
            "pieces": "4",
        }
    )


def test_an_event_log_has_the_customers_of_its_events() -> None:
    done = run(events(), EVENTS)
    customers = done["customers"].order_by("customer_id").to_pandas()
    assert customers["customer_id"].tolist() == [f"C{i}" for i in range(7)]
    assert pd.Timestamp(customers["start_date"][0]) == pd.Timestamp("2024-01-01")
    rows = done["transactions"].to_pandas()
    assert rows["amount"].tolist() == [10.0] * 120
    assert rows["is_cancelled"].sum() == 12


def test_customers_of_events_who_are_not_in_their_table_are_counted() -> None:
    table = Customers(customer_id="who", columns={"age": Column(type="integer", min=1)})
    tables = EVENTS.tables.model_copy(update={"customers": table})
    dataset = EVENTS.model_copy(update={"tables": tables, "max_rejected_share": 0.5})
    people = pd.DataFrame(
        {"who": [f"C{i}" for i in range(6)], "age": ["0", *["40"] * 5]}
    )
    found = check_tables(
        ibis.memtable(people), ibis.memtable(events()), None, dataset, TODAY
    )
    judged = report_data_quality(
        **found,
        last_profile=None,
        dataset=dataset,
        data_validation=DataValidation(),
        today=TODAY,
    )
    (finding,) = judged["report"]["findings"]
    assert (finding["level"], finding["check"]) == ("warn", "unknown customers")
    # C0 (18 events) was rejected, C6 (17) is not there.
    assert "got 35 rows of 2 customers" in finding["message"]
    assert "learns from them and scores them" in finding["message"]


def test_rows_without_a_customer_are_counted_apart() -> None:
    raw = events()
    raw.loc[:29, "who"] = ""
    counts = run(raw, EVENTS)["report"]["tables"]["transactions"]
    assert counts["reasons"] == {"who: missing": 30}
    strict = EVENTS.tables.transactions.model_copy(update={"allow_anonymous": False})
    dataset = EVENTS.model_copy(update={"tables": Tables(transactions=strict)})
    with pytest.raises(DataValidationError, match="30 x who: missing"):
        run(raw, dataset)


def test_a_month_of_amounts_that_lost_a_digit_stops_the_run() -> None:
    raw = events()
    raw.loc[raw["when"] >= "2024-04-01", "price"] = "0.25"
    with pytest.raises(
        DataValidationError, match=r"in 2024-04, expected .* about 10, "
    ):
        run(raw, EVENTS)


@pytest.mark.parametrize("day", ["2023-12-31", "2024-04-30"])
def test_one_event_in_a_cut_month_stops_nothing(day: str) -> None:
    raw = events()
    one = raw.iloc[[0]].assign(when=day, price="0.01", order="9999", pieces="1")
    done = run(pd.concat([raw, one], ignore_index=True), EVENTS)
    assert done["report"]["tables"]["transactions"]["rejected"] == 0


def test_a_misspelt_positive_comes_first_and_names_the_values_there() -> None:
    raw = snapshot().replace({"left": {"Yes": "Churned"}})
    expected = r"reason\(s\):\n- customers.left: classes: .* 300 rows none with `Yes`"
    with pytest.raises(
        DataValidationError, match=expected + ", and other rows with `Churned`"
    ):
        run(raw)


def test_an_infinite_or_absurd_amount_rejects_its_row() -> None:
    raw = events()
    raw.loc[3, "price"], raw.loc[5, "price"] = "inf", "1e15"
    reasons = run(raw, EVENTS)["report"]["tables"]["transactions"]["reasons"]
    assert reasons == {"price: above 25000": 1, "price: infinite": 1}


def test_events_after_today_are_rejected_whatever_the_clock_says() -> None:
    raw = events()  # to 2024-04-29
    before = run(raw, EVENTS, today="2024-04-25")
    assert before["rejected"]["row"].tolist() == [118, 119, 120]
    assert "got 2024-04-29" in before["rejected"]["reasons"][2]
    assert run(raw, EVENTS, today="2024-04-28")["rejected"].empty


def test_the_page_shows_counts_examples_and_changes() -> None:
    raw = snapshot()
    last = run(raw)["data_profile"]
    raw.loc[:1, "charge"] = ["<b>x", "<script>alert(1)</script>"]
    raw.loc[5:45, "total"] = ""
    raw.loc[50:60, "plan"] = "<i>mini"
    done = run(raw, last=last)
    page = done["page"]
    assert "rows of customers came in = 398 accepted + 2 rejected (0.5 %)" in page
    assert "1: <code>&lt;b&gt;x</code>; 2: <code>&lt;script&gt;alert(1)" in page
    assert "new: &lt;i&gt;mini" in page
    assert "missing 0.0 % → 10.3 %" in page
    assert re.findall(r"<b>x|<script|<i>", page) == []
    assert done["rejected_plot"].layout.title.text.startswith("2 of 400 rows were")
    assert list(done["missing_plot"].data[0].y) == ["customers.total"]
    assert list(done["missing_plot"].data[0].x) == [41 / 398]


def test_the_shape_of_a_column_counts_all_of_a_small_table() -> None:
    column = run(snapshot())["report"]["tables"]["customers"]["columns"]["charge"]
    assert len(column["shape"]) == 12
    assert sum(column["shape"]) == ROWS
