"""Every row is accepted or rejected with its reasons; the first good row stays."""

import datetime as dt
import json

import ibis
import pandas as pd

from churn_pipeline.dataset import ColumnLabel, Dataset
from churn_pipeline.tables import Column, Customers, Tables
from churn_pipeline.validation.rows import accepted, check_rows, rejected

TABLE = Customers(
    customer_id="id",
    start_date="since",
    unique=("id",),
    columns={
        "age": Column(type="integer", min=18, max=110),
        "charge": Column(type="number", min=0),
        "plan": Column(type="category", allowed=("basic", "plus"), nullable=False),
    },
)
DATASET = Dataset(
    name="company",
    shape="snapshot",
    snapshot_date=dt.date(2024, 6, 1),
    tables=Tables(customers=TABLE),
    label=ColumnLabel(rule="column", column="left", positive="Yes", negative="No"),
)
GOOD = {
    "id": "A",
    "since": "2024-01-15",
    "age": "40",
    "charge": "9.5",
    "plan": "basic",
    "left": "No",
}
OTHERS = [GOOD | {"id": f"G{i}", "since": f"2024-01-{i + 1:02d}"} for i in range(25)]


def check(*rows: dict[str, str]) -> ibis.Table:
    frame = pd.DataFrame([*OTHERS, *rows]).astype("string")
    return check_rows(ibis.memtable(frame), TABLE, DATASET, today=dt.date(2025, 1, 1))


def reasons(*rows: dict[str, str]) -> list[str]:
    bad = rejected(check(*rows), "customers").order_by("row").to_pandas()
    return list(bad["reasons"])


def test_a_good_row_is_typed() -> None:
    row = accepted(check(GOOD)).filter(ibis._.customer_id == "A").to_pandas().iloc[0]
    assert row["age"] == 40
    assert row["charge"] == 9.5
    assert row["label"] == 0.0
    assert pd.Timestamp(row["start_date"]) == pd.Timestamp("2024-01-15")


BAD_CELLS: list[tuple[dict[str, str], str]] = [
    ({"id": " "}, "id: missing"),
    ({"age": "forty"}, "age: not a whole number (got forty)"),
    ({"age": "40.5"}, "age: not a whole number (got 40.5)"),
    ({"age": "999"}, "age: above 110 (got 999)"),
    ({"age": "-7"}, "age: below 18 (got -7)"),
    ({"charge": "inf"}, "charge: infinite (got inf)"),
    ({"charge": "1e999"}, "charge: infinite (got 1e999)"),
    ({"plan": "gold"}, "plan: unknown category (got gold)"),
    ({"plan": ""}, "plan: missing"),
    ({"since": "2024-02-31"}, "since: not a date (got 2024-02-31)"),
    ({"left": ""}, "left: label missing"),
    ({"left": "Maybe"}, "left: unknown label (got Maybe)"),
]


def test_a_bad_cell_rejects_its_row() -> None:
    rows = [GOOD | {"id": f"B{i}"} | change for i, (change, _) in enumerate(BAD_CELLS)]
    assert reasons(*rows) == [reason for _, reason in BAD_CELLS]


def test_a_date_far_from_the_rest_rejects_its_row() -> None:
    rows = [GOOD | {"since": "2099-03-01"}, GOOD | {"since": "2019-01-01"}]
    expected = "since: date outside of 2024-01-01 to 2024-01-25, where the rest lies"
    assert reasons(*rows) == [
        f"{expected} (got 2099-03-01)",
        f"{expected} (got 2019-01-01)",
    ]


def test_a_blank_number_is_missing_and_accepted() -> None:
    blanks = ("", " ", "NA", "nan", "NULL")
    rows = [GOOD | {"id": f"A{i}", "charge": b} for i, b in enumerate(blanks)]
    good = accepted(check(*rows))
    assert good["charge"].isnull().sum().execute() == len(blanks)


def test_a_row_with_two_faults_has_two_reasons() -> None:
    assert reasons(GOOD | {"age": "x", "plan": "gold"}) == [
        "age: not a whole number (got x); plan: unknown category (got gold)"
    ]


def test_an_appended_row_out_of_every_range_names_each() -> None:
    (reason,) = reasons(
        GOOD | {"age": "9999", "charge": "-1", "plan": "zzz", "since": "1800-01-01"}
    )
    assert reason.count("; ") == 3


def test_cells_that_slid_to_the_right_are_told() -> None:
    cells = list(GOOD.values())
    slid = dict(zip(GOOD, ["", *cells[:-1]], strict=True))
    assert reasons(slid) == ["row: cells slid by one column to the right"]


def test_cells_that_slid_to_the_left_are_told() -> None:
    cells = list(GOOD.values())
    slid = dict(zip(GOOD, [*cells[1:], "No"], strict=True))
    assert reasons(slid) == ["row: cells slid by one column to the left"]


def test_the_first_row_of_an_id_stays() -> None:
    again = GOOD | {"age": "41"}
    checked = check(GOOD, again)
    assert reasons(GOOD, again) == ["id: repeated (got A; kept row 26)"]
    kept = accepted(checked).filter(ibis._.customer_id == "A").to_pandas()
    assert kept["age"].tolist() == [40]


def test_a_bad_first_row_does_not_cost_the_good_second_one() -> None:
    checked = check(GOOD | {"age": "x"}, GOOD)
    assert reasons(GOOD | {"age": "x"}, GOOD) == ["age: not a whole number (got x)"]
    assert accepted(checked).filter(ibis._.customer_id == "A").count().execute() == 1


def test_a_rejected_row_keeps_its_number_and_its_cells() -> None:
    bad = rejected(check(GOOD | {"age": "x"}), "customers").to_pandas().iloc[0]
    assert (bad["table"], bad["row"]) == ("customers", 26)
    assert json.loads(bad["original"]) == GOOD | {"age": "x"}


def test_accepted_and_rejected_add_up() -> None:
    checked = check(GOOD, GOOD, GOOD | {"id": "B", "age": "x"})
    assert accepted(checked).count().execute() == 26
    assert rejected(checked, "customers").count().execute() == 2


def test_numbers_with_a_decimal_comma_are_read() -> None:
    table = TABLE.model_copy(update={"decimal": ","})
    raw = ibis.memtable(pd.DataFrame([*OTHERS, GOOD | {"charge": "29,85"}]))
    good = accepted(check_rows(raw, table, DATASET))
    assert good["charge"].max().execute() == 29.85


def test_dates_are_read_in_their_declared_format() -> None:
    table = TABLE.model_copy(update={"date_format": "%d/%m/%Y"})
    raw = ibis.memtable(pd.DataFrame([GOOD | {"since": "03/12/2023"}]))
    good = accepted(check_rows(raw, table, DATASET)).to_pandas()
    assert pd.Timestamp(good["start_date"][0]) == pd.Timestamp("2023-12-03")


def test_a_wide_table_is_judged_cell_by_cell_in_little_memory() -> None:
    names = [f"x{i}" for i in range(130)]
    columns = {name: Column(type="number", min=0) for name in names}
    table = TABLE.model_copy(update={"columns": columns})
    connection = ibis.duckdb.connect(memory_limit="400MB", threads=2)
    cells = pd.DataFrame({name: ["1.5"] * 60 for name in names})
    cells.loc[3, "x7"], cells.loc[5, "x129"], cells.loc[4, "x50"] = "a", "-1", ""
    rows = cells.assign(
        id=[f"C{i}" for i in range(60)], since="2024-01-15", left=["Yes", "No"] * 30
    )
    raw = connection.create_table("raw", rows.astype("string"))
    checked = check_rows(raw, table, DATASET)
    bad = rejected(checked, "customers").order_by("row").to_pandas()
    assert list(bad["row"]) == [4, 6]
    assert list(bad["reasons"]) == [
        "x7: not a number (got a)",
        "x129: below 0 (got -1)",
    ]
    good = accepted(checked).to_pandas().set_index("customer_id")
    assert len(good) == 58
    assert pd.isna(good.loc["C4", "x50"])
    assert (good.drop(index="C4")[names] == 1.5).all().all()


def described(columns: dict[str, Column], **table: object) -> Dataset:
    customers = Customers(customer_id="id", columns=columns, **table)
    return DATASET.model_copy(update={"tables": Tables(customers=customers)})


def told(rows: list[dict[str, str | None]], dataset: Dataset) -> dict[int, str]:
    table = dataset.tables.customers
    assert table is not None
    raw = ibis.memtable(pd.DataFrame(rows).astype("string"))
    checked = check_rows(raw, table, dataset, today=dt.date(2025, 1, 1))
    bad = rejected(checked, "customers").order_by("row").to_pandas()
    return dict(zip(bad["row"], bad["reasons"], strict=True))


def test_a_slid_row_with_an_empty_cell_is_told() -> None:
    days = [f"day{i}" for i in range(4)]
    dataset = described(
        {name: Column(type="date") for name in days}
        | {"plan": Column(type="category", allowed=("basic", "plus"))}
        | {"months": Column(type="integer"), "charge": Column(type="number", min=3)}
    )
    good = ["2025-01-01", "2025-02-01", "", "2025-03-01", "plus", "1", "9.5"]
    names = ["id", *days, "plan", "months", "charge"]
    rows = [dict(zip(names, [str(i), *good])) | {"left": "No"} for i in range(9)]
    rows[4] = dict(zip([*names, "left"], ["", "4", *good]))
    assert told(rows, dataset) == {5: "row: cells slid by one column to the right"}


def test_two_bad_cells_among_like_numbers_did_not_slide() -> None:
    names = [f"n{i}" for i in range(12)]
    dataset = described({name: Column(type="number", max=99) for name in names})
    rows = [{"id": str(i), "left": "No"} | dict.fromkeys(names, "5") for i in range(9)]
    rows[4] |= {"n3": "x", "n7": "y"}
    reasons = "n3: not a number (got x); n7: not a number (got y)"
    assert told(rows, dataset) == {5: reasons}


def test_a_declared_date_far_from_the_others_rejects_its_row() -> None:
    dataset = described({"seen": Column(type="date"), "next": Column(type="date")})
    rows: list[dict[str, str | None]] = [
        {
            "id": str(i),
            "left": "No",
            "seen": f"2024-0{i % 9 + 1}-15",
            "next": "2025-03-01",
        }
        for i in range(40)
    ]
    rows[7]["seen"] = "2099-01-01"
    far = "seen: date outside of 2024-01-15 to 2024-09-15, where the rest lies"
    assert told(rows, dataset) == {8: f"{far} (got 2099-01-01)"}


def test_keys_of_several_columns_are_compared_column_by_column() -> None:
    dataset = described({}, unique=("a", "b"))
    pairs = [("x", "y, z"), ("x, y", "z"), ("x", None), (None, "x"), ("x", None)]
    rows: list[dict[str, str | None]] = [
        {"id": str(i), "left": "No", "a": a, "b": b} for i, (a, b) in enumerate(pairs)
    ]
    assert told(rows, dataset) == {5: "a, b: repeated (got x; kept row 3)"}


def test_a_large_bound_is_written_in_digits() -> None:
    dataset = described({"n": Column(type="number", max=1e7)})
    rows: list[dict[str, str | None]] = [{"id": "1", "left": "No", "n": "20000000"}]
    assert told(rows, dataset) == {1: "n: above 10000000 (got 20000000)"}
