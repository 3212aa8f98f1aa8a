"""`kedro churn adopt` describes a file so that the pipeline can read it."""

import datetime as dt
import os
import shutil
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result
from kedro.config import OmegaConfigLoader

from churn_pipeline import settings
from churn_pipeline.cli.adopt import adopt
from churn_pipeline.dataset import Column, ColumnLabel, Dataset
from churn_pipeline.validation.rows import accepted, check_rows

REAL = Path(os.environ.get("CHURN_DATA_DIR", Path.cwd().parent / "shared" / "data"))
DECISION = Path(__file__).parents[2] / "conf/base/parameters_decision.yml"
SNAPSHOT = ["--target", "left", "--positive", "Yes", "--id", "id"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    (tmp_path / "conf/base").mkdir(parents=True)
    shutil.copy(DECISION, tmp_path / "conf/base")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(rows: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    left = np.where(np.arange(rows) % 4 == 0, "Yes", "No")
    return pd.DataFrame(
        {
            "id": [f"C{i:04d}" for i in range(rows)],
            "row": range(1, rows + 1),
            "gender": draw.choice(["f", "m"], rows),
            "tenure months": draw.integers(0, 70, rows),
            "charge": draw.normal(70, 9, rows).round(2),
            "since": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "note": [f"a text of row {i}" for i in range(rows)],
            "same": "x",
            "churn reason": np.where(left == "Yes", "price", ""),
            "left": left,
        }
    )


def run(path: Path, *options: str, name: str = "mine") -> Result:
    return CliRunner().invoke(adopt, [name, str(path), *options])


def described(name: str = "mine") -> Dataset:
    text = Path("conf", name, "dataset.yml").read_text(encoding="utf-8")
    return Dataset.model_validate(yaml.safe_load(text)["dataset"])


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


def test_a_column_that_gives_the_label_away_is_not_used() -> None:
    table().to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert "churn reason: gives the label away" in " ".join(result.output.split())
    assert not described().tables.customers.columns["churn reason"].feature
    assert "# gives the label away" in Path("conf/mine/dataset.yml").read_text()


def test_the_label_is_declared_with_its_other_value_and_rate() -> None:
    table().to_csv("data.csv", index=False)
    result = run(Path("data.csv"), "--target", "left", "--positive", "yes")
    label = described().label
    assert (label.positive, label.negative, label.expected_rate) == ("Yes", "No", 0.25)
    assert described().tables.customers.customer_id is None
    assert "named by the number of the row" in " ".join(result.output.split())
    assert "kedro run --env mine" in result.output


def test_decimal_commas_are_found_out() -> None:
    table().to_csv("data.csv", index=False, sep=";", decimal=",")
    assert run(Path("data.csv"), *SNAPSHOT).exit_code == 0
    customers = described().tables.customers
    assert customers.decimal == ","
    assert customers.columns["charge"].type == "number"


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


REFUSED = {
    "target missing": (["--target", "lft", "--positive", "Yes"], "mean `left`?"),
    "value missing": (["--target", "left", "--positive", "Yess"], "mean `Yes`?"),
    "no positive": (["--target", "left"], "expected also --positive, got none"),
    "neither": ([], "or --id, --time and --horizon (an event log), got neither"),
    "no horizon": (["--id", "id", "--time", "since"], "expected also --horizon"),
    "no dates": (
        ["--id", "id", "--time", "note", "--horizon", "9"],
        "expected dates such as 2024-01-31 12:30 in `note`",
    ),
    "twice": (
        ["--target", "left", "--positive", "Yes", "--id", "left"],
        "`left` twice",
    ),
    "no money": (
        ["--id", "id", "--time", "since", "--horizon", "9", "--amount", "gender"],
        "expected numbers in `gender` (--amount)",
    ),
    "one class": (["--target", "same", "--positive", "x"], "got `x` alone"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_described_is_refused(name: str) -> None:
    options, message = REFUSED[name]
    table().to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *options)
    assert result.exit_code == 1
    assert message in result.output
    assert not Path("conf/mine").exists()


@pytest.mark.parametrize("name", ["Mine", "my data", "../x", "1st"])
def test_a_bad_name_is_refused(name: str) -> None:
    result = run(Path("data.csv"), *SNAPSHOT, name=name)
    assert "expected a name of small letters" in result.output


def test_what_is_there_is_overwritten_only_by_force() -> None:
    table().to_csv("data.csv", index=False)
    assert run(Path("data.csv"), *SNAPSHOT).exit_code == 0
    assert "overwrite it with --force" in run(Path("data.csv"), *SNAPSHOT).output
    assert run(Path("data.csv"), *SNAPSHOT, "--force").exit_code == 0


def test_by_force_no_file_of_another_kind_of_data_is_left() -> None:
    table().to_csv("data.csv", index=False)
    log = ["--id", "id", "--time", "since", "--horizon", "30"]
    assert run(Path("data.csv"), *log).exit_code == 0
    folder = Path("conf/mine")
    assert (folder / "parameters_feature_engineering.yml").exists()
    (folder / "parameters_decision.yml").write_text("mine: 1\n")
    assert run(Path("data.csv"), *SNAPSHOT, "--force").exit_code == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {"dataset.yml", "catalog.yml", "parameters_decision.yml"}


def test_costs_are_placeholders_beside_the_data_set_until_a_person_has_been_there() -> (
    None
):
    table().to_csv("data.csv", index=False)
    said = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert "in conf/mine/parameters_decision.yml are placeholders" in said
    own = Path("conf/mine/parameters_decision.yml")
    assert yaml.safe_load(own.read_text())["decision"]["assumed"] is True
    own.write_text("mine: 1\n")
    run(Path("data.csv"), *SNAPSHOT, "--force")
    assert own.read_text() == "mine: 1\n"


@pytest.mark.parametrize(("rows", "told"), [(999, True), (1000, False)])
def test_rows_too_few_for_the_gate_are_told(rows: int, told: bool) -> None:
    table(rows).to_csv("data.csv", index=False)
    said = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert (f"{rows} rows are few: the gate refuses" in said) is told


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


def test_below_the_project_the_file_is_the_current_folders(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = project / "data" / "below"
    below.mkdir(parents=True)
    table().to_csv(below / "data.csv", index=False)
    monkeypatch.chdir(below)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert result.exit_code == 0, result.output
    assert "Written: conf/mine/dataset.yml" in result.output
    catalog = yaml.safe_load((project / "conf/mine/catalog.yml").read_text())
    assert catalog["raw_customers"]["filepath"] == "data/below/data.csv"


def test_a_missing_file_is_refused() -> None:
    assert "expected a file at none.csv" in run(Path("none.csv"), *SNAPSHOT).output


REAL_FILES = {
    "telco": (
        "telco/WA_Fn-UseC_-Telco-Customer-Churn.csv",
        ["--target", "Churn", "--positive", "Yes", "--id", "customerID"],
        {"TotalCharges": "number", "tenure": "integer", "Contract": "category"},
    ),
    "bank": (
        "bank/Churn_Modelling.csv",
        ["--target", "Exited", "--positive", "1", "--id", "CustomerId"],
        {"Balance": "number", "Geography": "category", "Age": "integer"},
    ),
}


def look_alike(name: str) -> pd.DataFrame:
    """Return a table of the columns and quirks of a public one."""
    draw = np.random.default_rng(0)
    n = 400
    tenure = draw.integers(0, 73, n)
    if name == "telco":
        return pd.DataFrame(
            {
                "customerID": [f"{i:04d}-ABCDE" for i in range(n)],
                "tenure": tenure,
                "Contract": draw.choice(["Month-to-month", "One year"], n),
                "TotalCharges": [f"{m * 70.35:.2f}" if m else " " for m in tenure],
                "Churn": draw.choice(["Yes", "No"], n, p=[0.27, 0.73]),
            }
        )
    return pd.DataFrame(
        {
            "CustomerId": draw.permutation(10**6)[:n] + 15_000_000,
            "Geography": draw.choice(["France", "Spain", "Germany"], n),
            "Age": draw.integers(18, 92, n),
            "Balance": draw.choice([0.0, 125_510.82, 83_807.86], n),
            "Exited": draw.integers(0, 2, n),
        }
    )


@pytest.mark.parametrize("name", REAL_FILES)
def test_a_public_table_is_described(name: str) -> None:
    file, options, types = REAL_FILES[name]
    path = REAL / file
    if not path.exists():
        path = Path("look_alike.csv")
        look_alike(name).to_csv(path, index=False)
    assert run(path, *options).exit_code == 0
    columns = described().tables.customers.columns
    assert {column: columns[column].type for column in types} == types


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


def test_a_sign_that_may_be_decimal_or_thousands_is_told() -> None:
    _, output = adopted_column(["1,234", "5,678"] * 9)
    assert "numbers such as 1,234 were taken for thousands" in output


def test_what_is_told_of_the_cells_is_told_beside_a_leak() -> None:
    frame = table().assign(day=lambda rows: rows["left"].map({"Yes": "01/02/2024"}))
    frame["day"] = frame["day"].fillna("03/04/2024")
    frame.to_csv("data.csv", index=False)
    output = " ".join(run(Path("data.csv"), *SNAPSHOT).output.split())
    assert "day: gives the label away" in output
    assert "ROC AUC 1.000; day and month may be swapped" in output


def test_digits_after_a_zero_are_a_code() -> None:
    column, _ = adopted_column(["00501", "10001", "90210"] * 9)
    assert column is not None and column.type == "category"


def test_a_number_beyond_whole_numbers_is_described() -> None:
    column, _ = adopted_column(["6.1e37", "2.5", "1e300"] * 9)
    assert column is not None and column.type == "number"


def test_a_label_is_found_whatever_its_number_looks_like() -> None:
    frame = pd.DataFrame({"x": range(200), "active": [0.0, 1.0, 1.0, 1.0] * 50})
    frame.to_csv("data.csv", index=False)
    assert run(Path("data.csv"), "--target", "active", "--positive", "0").exit_code == 0
    label = described().label
    assert (label.positive, label.negative, label.expected_rate) == ("0.0", "1.0", 0.25)


def test_names_that_the_tables_use_are_told() -> None:
    columns = {"split": [1, 2] * 36, "_row": range(72)}
    _, output = adopted_column([str(i % 7) for i in range(18)], **columns)
    assert "split: a name that the tables after validation use" in output
    assert "_row_2" in described().tables.customers.ignore


def test_parquet_keeps_true_and_false() -> None:
    frame = table().assign(premium=lambda rows: rows["charge"] > 70)
    frame.to_parquet("data.parquet")
    assert run(Path("data.parquet"), *SNAPSHOT).exit_code == 0
    assert described().tables.customers.columns["premium"].type == "boolean"


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


def test_cancelled_events_without_a_role_are_told() -> None:
    frame = events().drop(columns="InvoiceNo")
    frame["status"] = ["canceled", *["delivered"] * 299]
    frame.to_csv("log.csv", index=False)
    result = run(Path("log.csv"), "--id", "client", "--time", "date", "--horizon", "60")
    output = " ".join(result.output.split())
    assert "status: `canceled` in 0.3% of the rows, which count as purchases" in output
    assert described().tables.transactions.order_id is None


def test_a_table_without_a_column_for_the_model_is_told() -> None:
    table()[["id", "note", "same", "left"]].to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert "no column is left that the model may use" in " ".join(result.output.split())


def test_a_wide_file_is_described_in_little_memory() -> None:
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=(2500, 300)).round(3)
    frame = pd.DataFrame(numbers).add_prefix("x").astype(str)
    frame.assign(left=["Yes", "No"] * 1250).to_csv("wide.csv", index=False)
    result = run(Path("wide.csv"), "--target", "left", "--positive", "Yes")
    assert result.exit_code == 0, result.output
    assert len(described().tables.customers.columns) == 300


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


@pytest.mark.parametrize("name", ["_is_positive", "label_1", "c0", "rows", "select"])
def test_a_column_may_have_any_name(name: str) -> None:
    table().rename(columns={"charge": name}).to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *SNAPSHOT)
    assert result.exit_code == 0, result.output
    assert described().tables.customers.columns[name].type == "number"


@pytest.mark.parametrize(("name", "is_used"), [("churnScore", False), ("visits", True)])
def test_a_good_guess_named_like_the_label_gives_it_away(
    name: str, is_used: bool
) -> None:
    draw = np.random.default_rng(0)
    frame = table().rename(columns={"left": "Churn_Label"})
    is_positive = frame["Churn_Label"] == "Yes"
    score = draw.integers(0, 80, len(frame)) + 40 * is_positive
    frame.assign(**{name: score}).to_csv("data.csv", index=False)
    run(Path("data.csv"), "--target", "Churn_Label", "--positive", "Yes")
    assert described().tables.customers.columns[name].feature is is_used


@pytest.mark.parametrize("words", ["True False", "true false", "TRUE FALSE"])
def test_true_and_false_are_yes_or_no_in_text_too(words: str) -> None:
    frame = table().assign(trial=words.split() * 200)
    frame.to_csv("data.csv", index=False)
    run(Path("data.csv"), *SNAPSHOT)
    assert described().tables.customers.columns["trial"].type == "boolean"


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


def test_no_cell_or_name_of_a_file_is_resolved_by_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    words = ["${oc.env:MY_SECRET}", "${x}", "a\\${x}", "${"]
    frame = table().assign(**{"n ${x}": range(400), "${oc.env:MY_SECRET}": words * 100})
    frame["left"] = frame["left"].replace("Yes", "${x}")
    place = Path("${x}.csv")
    frame.to_csv(place, index=False)
    options = ["--target", "left", "--positive", "${x}", "--id", "id"]
    result = run(place, *options)
    assert result.exit_code == 0, result.output
    Path("conf/base").mkdir(exist_ok=True)
    Path("conf/base/globals.yml").write_text("raw: data/01_raw\nduckdb: {}\n")
    Path("conf/base/parameters.yml").write_text("dataset: ${globals:dataset}\n")
    loader = OmegaConfigLoader("conf", env="mine", **settings.CONFIG_LOADER_ARGS)
    dataset = Dataset.model_validate(loader["parameters"]["dataset"])
    assert dataset.tables.customers is not None
    column = dataset.tables.customers.columns["${oc.env:MY_SECRET}"]
    assert column.allowed == tuple(sorted(words))
    assert isinstance(dataset.label, ColumnLabel)
    assert (dataset.label.positive, dataset.label.negative) == ("${x}", "No")
    assert "n ${x}" in dataset.tables.customers.ignore
    assert loader["catalog"]["raw_customers"]["filepath"] == "${x}.csv"


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


def test_a_name_that_cannot_be_a_folder_gets_one_proposed() -> None:
    assert "take `my_shop`" in run(Path("x.csv"), *SNAPSHOT, name="My shop").output
    assert "got 'test', which" in run(Path("x.csv"), *SNAPSHOT, name="test").output


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


def test_a_sparse_category_of_many_values_is_one() -> None:
    codes = [f"k{i % 60:02d}x" if i % 3 == 0 else "" for i in range(400)]
    table().assign(code=codes).to_csv("data.csv", index=False)
    assert run(Path("data.csv"), *SNAPSHOT).exit_code == 0
    assert described().tables.customers.columns["code"].type == "category"


def test_a_file_without_names_of_columns_is_told() -> None:
    rows = [f"{i:05},19970{i % 9 + 1}01,1,11.77" for i in range(50)]
    Path("sales.csv").write_text("\n".join(rows))
    done = run(Path("sales.csv"), "--id", "id", "--time", "day", "--horizon", "90")
    assert done.exit_code == 1
    assert "the first row looks like data: put a row of names above it" in done.output
