"""`kedro churn adopt` describes a file so that the pipeline can read it."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result

from churn_pipeline.cli.adopt import adopt
from churn_pipeline.dataset import Dataset

REAL = Path(os.environ.get("CHURN_DATA_DIR", Path.cwd().parent / "shared" / "data"))
SNAPSHOT = ["--target", "left", "--positive", "Yes", "--id", "id"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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


@pytest.mark.parametrize("name", ["Mine", "my data", "base", "../x", "1st"])
def test_a_bad_name_is_refused(name: str) -> None:
    result = run(Path("data.csv"), *SNAPSHOT, name=name)
    assert "expected a name of small letters" in result.output


def test_what_is_there_is_overwritten_only_by_force() -> None:
    table().to_csv("data.csv", index=False)
    assert run(Path("data.csv"), *SNAPSHOT).exit_code == 0
    assert "overwrite it with --force" in run(Path("data.csv"), *SNAPSHOT).output
    assert run(Path("data.csv"), *SNAPSHOT, "--force").exit_code == 0


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
PRESENT = [name for name, (file, *_) in REAL_FILES.items() if (REAL / file).exists()]


@pytest.mark.parametrize("name", PRESENT)
def test_a_real_file_is_described(name: str) -> None:
    file, options, types = REAL_FILES[name]
    assert run(REAL / file, *options).exit_code == 0
    columns = described().tables.customers.columns
    assert {column: columns[column].type for column in types} == types
