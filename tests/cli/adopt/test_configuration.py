"""The files that describe a data set: where they are, and what is in them."""

from pathlib import Path

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from churn_pipeline import settings
from churn_pipeline.dataset import ColumnLabel, Dataset
from tests.cli.adopt.inputs import SNAPSHOT, run, table


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
