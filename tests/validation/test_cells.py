"""Cells of any type a file may have become the declared types, or tell why not."""

import ibis
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.tables import Column
from churn_pipeline.validation.rows import accepted, check_rows
from churn_pipeline.validation.schemas import PrimaryTable

STORED = {
    "FLOAT": ("1.5", "number", 1.5),
    "DOUBLE": ("1e30", "number", 1e30),
    "DECIMAL(9, 2)": ("1.25", "number", 1.25),
    "TINYINT": ("3", "integer", 3),
    "UBIGINT": ("3", "integer", 3),
    "REAL": ("3.0", "integer", 3),
    "BOOLEAN": ("true", "boolean", True),
    "INTEGER": ("1", "boolean", True),
    "HUGEINT": ("7", "category", "7"),
    "DATE": ("2024-01-31", "date", "2024-01-31"),
    "TIMESTAMP": ("2024-01-31 08:30:00", "date", "2024-01-31"),
    "TIMESTAMPTZ": ("2024-01-31 08:30:00+00", "date", "2024-01-31"),
    "BIGINT": ("20240131", "date", "2024-01-31"),
}


def described(column: Column, **table: str) -> Dataset:
    return Dataset.model_validate(
        {
            "name": "mine",
            "shape": "snapshot",
            "snapshot_date": "2024-01-01",
            "label": {"rule": "column", "column": "left", "positive": "Yes"},
            "tables": {
                "customers": {"customer_id": None, "columns": {"x": column}} | table
            },
        }
    )


def rows_of(cells: list[str], kind: str) -> ibis.Table:
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    connection.raw_sql(f'CREATE TABLE raw (x {kind}, "left" VARCHAR)')
    for cell in cells:
        connection.con.execute("INSERT INTO raw VALUES (?, 'Yes')", [cell])
    return connection.table("raw")


@pytest.mark.parametrize("kind", STORED)
def test_a_stored_type_becomes_the_declared_one(kind: str) -> None:
    cell, declared, value = STORED[kind]
    form = "%Y%m%d" if kind == "BIGINT" else None
    dataset = described(Column(type=declared, date_format=form))
    raw = rows_of([cell], kind)
    good = accepted(check_rows(raw, dataset.tables.customers, dataset))
    kept = raw.get_backend().create_table("typed", good)
    validator = PrimaryTable(table="customers", dataset=dataset.model_dump(mode="json"))
    found = validator.validate(kept)["x"].to_pyarrow().to_pylist()
    assert found == [value] or str(found[0]) == value


def reasons(cells: list[str], column: Column, **table: str) -> list[list[str]]:
    dataset = described(column, **table)
    checked = check_rows(rows_of(cells, "VARCHAR"), dataset.tables.customers, dataset)
    return checked.order_by("_row")["_reasons"].to_pyarrow().to_pylist()


def test_a_number_beyond_whole_numbers_rejects_its_row_only() -> None:
    column = Column(type="integer", max=10)
    assert reasons(["3", "1e30", "2.5"], column) == [
        [],
        ["x: above 10 (got 1e30)"],
        ["x: not a whole number (got 2.5)"],
    ]


def test_a_whole_number_beyond_64_bits_rejects_its_row() -> None:
    cells = ["9223372036854774784", "9223372036854775808", "-1e19", ""]
    assert reasons(cells, Column(type="integer")) == [
        [],
        ["x: a whole number beyond 64 bits (got 9223372036854775808)"],
        ["x: a whole number beyond 64 bits (got -1e19)"],
        [],
    ]


def test_an_underscore_is_no_sign_of_a_number() -> None:
    assert reasons(["1_000", "1000"], Column(type="number")) == [
        ["x: not a number (got 1_000)"],
        [],
    ]


@pytest.mark.parametrize(
    ("cell", "kind", "form", "utc"),
    [
        ("2024-01-01T23:30:00-05:00", "VARCHAR", None, "2024-01-02 04:30:00"),
        ("2024-01-02T04:30:00Z", "VARCHAR", None, "2024-01-02 04:30:00"),
        ("2024-01-02 10:00:00+05:30", "VARCHAR", None, "2024-01-02 04:30:00"),
        ("2024-01-02 04:30:00", "VARCHAR", None, "2024-01-02 04:30:00"),
        ("2024-01-02", "VARCHAR", None, "2024-01-02 00:00:00"),
        (
            "01.01.2024 23:30 -0500",
            "VARCHAR",
            "%d.%m.%Y %H:%M %z",
            "2024-01-02 04:30:00",
        ),
        ("2024-01-02 04:30:00+00", "TIMESTAMPTZ", None, "2024-01-02 04:30:00"),
        ("2024-01-02 04:30:00", "TIMESTAMP", None, "2024-01-02 04:30:00"),
    ],
)
def test_a_time_with_an_offset_is_read_in_utc_on_any_machine(
    cell: str, kind: str, form: str | None, utc: str
) -> None:
    dataset = described(Column(type="datetime", date_format=form))
    raw = rows_of([cell], kind)
    raw.get_backend().raw_sql("SET TimeZone = 'Asia/Tokyo'")
    good = accepted(check_rows(raw, dataset.tables.customers, dataset))
    assert [str(t) for t in good["x"].to_pyarrow().to_pylist()] == [utc]


def test_thousands_are_read_only_where_groups_are_of_three_digits() -> None:
    column = Column(type="number", max=5000)
    assert reasons(["1,234.50", "12,34", "9,000"], column, thousands=",") == [
        [],
        ["x: not a number (got 12,34)"],
        ["x: above 5000 (got 9,000)"],
    ]


def test_a_column_has_its_own_date_format_beside_the_tables() -> None:
    column = Column(type="date", date_format="%d.%m.%Y")
    found = reasons(["31.01.2024", "01/31/2024"], column, date_format="%m/%d/%Y")
    assert found == [[], ["x: not a date (got 01/31/2024)"]]


def test_an_event_without_money_counts_one_as_a_float64() -> None:
    dataset = Dataset.model_validate(
        {
            "name": "mine",
            "shape": "events",
            "label": {"rule": "inactivity", "horizon_days": 30},
            "tables": {"transactions": {"customer_id": "left", "time": "x"}},
        }
    )
    raw = rows_of(["2024-01-31"], "VARCHAR")
    good = accepted(check_rows(raw, dataset.tables.transactions, dataset))
    backend = raw.get_backend()
    backend.create_table("typed", good)
    columns = backend.con.execute("DESCRIBE typed").fetchall()
    assert {name: kind for name, kind, *_ in columns}["amount"] == "DOUBLE"
