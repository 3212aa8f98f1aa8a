"""Each column gets the type, format and rules that its cells are written in."""

from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.tables import Column
from churn_pipeline.validation.rows import accepted, check_rows
from tests.cli.adopt.inputs import SNAPSHOT, described, run, table


def adopted_column(cells: list[str], **others: object) -> tuple[Column | None, str]:
    """Return how a column `x` of a snapshot is described, and what is printed."""
    count = 4 * len(cells)
    left = np.random.default_rng(1).choice(["Yes", "No"], count, p=[0.3, 0.7])
    frame = pd.DataFrame({"x": cells * 4, **others, "left": left})
    frame.to_csv("data.csv", index=False, sep=";")
    result = run(Path("data.csv"), "--target", "left", "--positive", "Yes", "--force")
    assert result.exit_code == 0, result.output
    customers = described().tables.customers
    return customers.columns.get("x"), " ".join(result.output.split())


WRITTEN = {
    "20240131": "%Y%m%d",
    "31.01.2024": "%d.%m.%Y",
    "31.01.2024 08:30:00": "%d.%m.%Y %H:%M:%S",
    "01/31/2024": "%m/%d/%Y",
    "31/01/24": "%d/%m/%y",
    "31-Jan-24": "%d-%b-%y",
    "Jan 31, 2024": "%b %d, %Y",
    "2024-01-31T08:30:00Z": None,
}


@pytest.mark.parametrize("written", WRITTEN)
def test_each_column_of_dates_has_the_format_it_is_written_in(written: str) -> None:
    column, _ = adopted_column([written] * 9 + [written.replace("31", "30")] * 9)
    assert column is not None
    assert (column.type, column.date_format) == ("date", WRITTEN[written])


def test_dates_that_read_day_first_and_month_first_are_told() -> None:
    column, output = adopted_column(["01/02/2024", "03/04/2024"] * 9)
    assert column is not None and column.date_format == "%d/%m/%Y"
    assert "x: day and month may be swapped; taken for %d/%m/%Y" in output


def test_a_doubt_is_told_once_and_of_one_cell_as_of_one() -> None:
    table().assign(charge=["n/a?", *table().charge[1:]]).to_csv("data.csv")
    told = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert told.count("1 cell is no number and rejects its row") == 1


NUMBERS = {
    "1,234.50": (".", ",", 1234.5),
    "1.234,50": (",", ".", 1234.5),
    "1234,5": (",", "", 1234.5),
    "1,234,567": (".", ",", 1234567.0),
    "0,123": (",", "", 0.123),
    "1.234": (".", "", 1.234),
}


@pytest.mark.parametrize("written", NUMBERS)
def test_numbers_are_read_as_they_are_written(written: str) -> None:
    decimal, thousands, value = NUMBERS[written]
    column, output = adopted_column([written, "12"] * 9)
    customers = described().tables.customers
    assert (customers.decimal, customers.thousands) == (decimal, thousands)
    assert column is not None and f"{value:.10g}" in output


def test_decimal_commas_are_found_out() -> None:
    table().to_csv("data.csv", index=False, sep=";", decimal=",")
    assert run(Path("data.csv"), *SNAPSHOT).exit_code == 0
    customers = described().tables.customers
    assert customers.decimal == ","
    assert customers.columns["charge"].type == "number"


def test_a_sign_that_may_be_decimal_or_thousands_is_told() -> None:
    _, output = adopted_column(["1,234", "5,678"] * 9)
    assert "numbers such as 1,234 were taken for thousands" in output


def test_signs_and_words_of_columns_of_numbers_are_rules_in_dataset_yml() -> None:
    size = np.arange(400) * 3.25 + 1000
    frame = table().assign(
        dollars=[f"${value:,.2f}" for value in size],
        euros=[f"{value:.2f} EUR" for value in size],
        share=[f"{i % 40}%" for i in range(400)],
        visits=["Error" if i % 9 == 0 else str(i) for i in range(400)],
        start_date="2024-01-05",
    )
    frame.loc[:200, "start_date"] = "2023-02-07"
    frame.to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert result.exit_code == 0, result.output
    assert "snapshot_date: today" in result.output
    assert "currency: EUR was taken" in result.output
    dataset = described()
    customers = dataset.tables.customers
    assert customers is not None
    assert customers.signs == ("$", "%", "EUR")
    assert customers.missing[-1] == "Error"
    assert customers.columns["start_date"].type == "date"
    raw = ibis.memtable(frame.astype("string"))
    rows = accepted(check_rows(raw, customers, dataset)).order_by("customer_id")
    typed = rows.to_pandas()
    assert len(typed) == 400
    assert typed["dollars"].tolist() == size.tolist()
    assert typed["euros"].tolist() == size.tolist()
    assert typed["share"].tolist()[:3] == [0, 1, 2]
    assert typed["visits"].isna().sum() == 45


def test_a_number_beyond_whole_numbers_is_described() -> None:
    column, _ = adopted_column(["6.1e37", "2.5", "1e300"] * 9)
    assert column is not None and column.type == "number"


def test_digits_after_a_zero_are_a_code() -> None:
    column, _ = adopted_column(["00501", "10001", "90210"] * 9)
    assert column is not None and column.type == "category"


def test_a_sparse_category_of_many_values_is_one() -> None:
    codes = [f"k{i % 60:02d}x" if i % 3 == 0 else "" for i in range(400)]
    table().assign(code=codes).to_csv("data.csv", index=False)
    assert run(Path("data.csv"), *SNAPSHOT).exit_code == 0
    assert described().tables.customers.columns["code"].type == "category"


@pytest.mark.parametrize("words", ["True False", "true false", "TRUE FALSE"])
def test_true_and_false_are_yes_or_no_in_text_too(words: str) -> None:
    frame = table().assign(trial=words.split() * 200)
    frame.to_csv("data.csv", index=False)
    run(Path("data.csv"), *SNAPSHOT)
    assert described().tables.customers.columns["trial"].type == "boolean"


def test_parquet_keeps_true_and_false() -> None:
    frame = table().assign(premium=lambda rows: rows["charge"] > 70)
    frame.to_parquet("data.parquet")
    assert run(Path("data.parquet"), *SNAPSHOT).exit_code == 0
    assert described().tables.customers.columns["premium"].type == "boolean"


def test_stored_types_that_no_column_is_read_from_are_told() -> None:
    frame = table()
    lists = [[i % 3] * (i % 2 + 1) for i in range(len(frame))]
    frame.assign(tags=lists, raw=b"a").assign(
        raw=[bytes([i % 200]) for i in range(len(frame))]
    ).to_parquet("data.parquet")
    result = run(Path("data.parquet"), *SNAPSHOT)
    assert result.exit_code == 0, result.output
    assert "tags: values of the type array<int64>, which is not read" in result.output
    assert {"tags", "raw"} <= set(described().tables.customers.ignore)


def test_names_that_the_tables_use_are_told() -> None:
    columns = {"split": [1, 2] * 36, "_row": range(72)}
    _, output = adopted_column([str(i % 7) for i in range(18)], **columns)
    assert "split: a name that the tables after validation use" in output
    assert "_row_2" in described().tables.customers.ignore


@pytest.mark.parametrize("name", ["_is_positive", "label_1", "c0", "rows", "select"])
def test_a_column_may_have_any_name(name: str) -> None:
    table().rename(columns={"charge": name}).to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert result.exit_code == 0, result.output
    assert described().tables.customers.columns[name].type == "number"
