"""A table of one row a customer is described, whatever its file looks like."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.cli.adopt.inputs import SNAPSHOT, described, run, table


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "xlsx", "latin-1"])
def test_a_snapshot_is_described_whatever_its_format(suffix: str) -> None:
    path = Path(f"data.{'csv' if suffix == 'latin-1' else suffix}")
    frame = table().replace({"gender": {"f": "weiblich", "m": "männlich"}})
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "xlsx":
        frame.to_excel(path, index=False)
    else:
        encoding = "latin-1" if suffix == "latin-1" else "utf-8"
        separator = {"tsv": "\t", "latin-1": ";"}.get(suffix, ",")
        frame.to_csv(path, index=False, sep=separator, encoding=encoding)
    assert run(path, *SNAPSHOT).exit_code == 0
    customers = described().tables.customers
    assert customers is not None
    assert set(customers.ignore) == {"row", "note", "same"}
    columns = customers.columns
    assert columns["gender"].allowed == ("männlich", "weiblich")
    assert columns["gender"].sensitive
    assert columns["tenure months"].type == "integer"
    assert (columns["charge"].type, columns["charge"].min) == ("number", 0)
    assert columns["since"].type == "date"


def test_what_looks_sensitive_is_declared_and_told() -> None:
    people = table().assign(x7="married", age=lambda rows: rows["tenure months"])
    people.loc[::2, "x7"] = "single"
    people.to_csv("data.csv", index=False)
    output = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    columns = described().tables.customers.columns
    found = [name for name, column in columns.items() if column.sensitive]
    assert sorted(found) == ["age", "gender", "x7"]
    assert "taken for sensitive, groups are compared by it: " in output
    assert "category, sensitive" in output


def test_the_label_is_declared_with_its_other_value_and_rate() -> None:
    table().to_csv("data.csv", index=False)
    result = run(Path("data.csv"), "--target", "left", "--positive", "yes")
    label = described().label
    assert (label.positive, label.negative, label.expected_rate) == ("Yes", "No", 0.25)
    assert described().tables.customers.customer_id is None
    assert "named by the number of the row" in " ".join(result.output.split())
    assert "kedro run --env mine" in result.output


def test_a_label_is_found_whatever_its_number_looks_like() -> None:
    frame = pd.DataFrame({"x": range(200), "active": [0.0, 1.0, 1.0, 1.0] * 50})
    frame.to_csv("data.csv", index=False)
    assert run(Path("data.csv"), "--target", "active", "--positive", "0").exit_code == 0
    label = described().label
    assert (label.positive, label.negative, label.expected_rate) == ("0.0", "1.0", 0.25)


def test_a_label_is_one_value_however_its_letters_are_written() -> None:
    frame = table()
    frame.loc[::8, "left"] = "YES"
    frame.loc[1::8, "left"] = "no"
    frame.to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    label = described().label
    assert (label.positive.lower(), label.negative, label.expected_rate) == (
        "yes",
        "No",
        0.25,
    )
    assert "all other values" not in result.output


def test_the_date_of_a_snapshot_may_be_said() -> None:
    table().to_csv("data.csv", index=False)
    said = run(Path("data.csv"), *SNAPSHOT, "--date", "2026-07-01")
    assert said.exit_code == 0
    assert "snapshot_date" not in said.output  # nothing was assumed
    assert described().snapshot_date == dt.date(2026, 7, 1)
    wrong = run(Path("data.csv"), *SNAPSHOT, "--force", "--date", "July")
    assert "expected --date to be a date such as 2026-07-01, got 'July'" in wrong.output
    log = ["--id", "id", "--time", "since", "--horizon", "30", "--date", "2026-07-01"]
    refused = run(Path("data.csv"), *log, "--force").output
    assert "got 2026-07-01 for an event log" in " ".join(refused.split())


@pytest.mark.parametrize(("rows", "told"), [(999, True), (1000, False)])
def test_rows_too_few_for_the_gate_are_told(rows: int, told: bool) -> None:
    table(rows).to_csv("data.csv", index=False)
    said = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert (f"{rows} rows are few: the gate refuses" in said) is told


def test_a_log_taken_for_customers_is_told() -> None:
    frame = table().assign(id=lambda rows: rows["row"] % 40)
    frame.to_csv("data.csv", index=False)
    output = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert "360 of 400 rows repeat an id or have none; more than a run allows" in output
    assert "is this an event log (--time, --horizon)?" in output


def test_few_repeated_ids_are_told_without_a_guess() -> None:
    frame = table().assign(id=lambda rows: rows["row"].clip(upper=398))
    frame.to_csv("data.csv", index=False)
    output = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert "2 of 400 rows repeat an id or have none" in output
    assert "event log" not in output


def test_a_wide_file_is_described_in_little_memory() -> None:
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=(2500, 300)).round(3)
    frame = pd.DataFrame(numbers).add_prefix("x").astype(str)
    frame.assign(left=["Yes", "No"] * 1250).to_csv("wide.csv", index=False)
    result = run(Path("wide.csv"), "--target", "left", "--positive", "Yes")
    assert result.exit_code == 0, result.output
    assert len(described().tables.customers.columns) == 300


def workbook() -> Path:
    path = Path("book.xlsx")
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"column": ["id"]}).to_excel(writer, sheet_name="Help")
        table().to_excel(writer, sheet_name="E Comm", index=False)
        pd.DataFrame().to_excel(writer, sheet_name="Empty")
    return path


def test_which_sheet_is_meant_is_asked_where_several_hold_rows() -> None:
    output = " ".join(run(workbook(), *SNAPSHOT).output.split())
    assert "expected one sheet with rows in book.xlsx, got `Help`, `E Comm`" in output
    assert run(workbook(), *SNAPSHOT, "--sheet", "E Comm").exit_code == 0
    catalog = yaml.safe_load(Path("conf/mine/catalog.yml").read_text())
    assert catalog["raw_customers"]["sheet"] == "E Comm"


def test_separator_and_encoding_may_be_told_and_are_kept() -> None:
    frame = table().replace({"gender": {"f": "kobieta", "m": "mężczyzna"}})
    frame.to_csv("data.csv", index=False, sep="~", encoding="iso8859_2")
    how = ["--separator", "~", "--encoding", "iso8859_2"]
    result = run(Path("data.csv"), *SNAPSHOT, *how)
    assert result.exit_code == 0, result.output
    entry = yaml.safe_load(Path("conf/mine/catalog.yml").read_text())["raw_customers"]
    assert (entry["separator"], entry["encoding"]) == ("~", "iso8859_2")
    assert described().tables.customers is not None
    allowed = described().tables.customers.columns["gender"].allowed
    assert allowed == ("kobieta", "mężczyzna")
