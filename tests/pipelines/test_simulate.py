from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset

from churn_pipeline.dataset import Dataset
from churn_pipeline.io.stream import ArrowStreamDataset
from churn_pipeline.pipelines.simulate import create_pipeline
from churn_pipeline.pipelines.simulate.nodes import simulate_company
from churn_pipeline.simulation.params import Simulation

CONF = Path(__file__).parents[2] / "conf"


def read(path: str, key: str) -> dict[str, object]:
    return yaml.safe_load((CONF / path).read_text(encoding="utf8"))[key]


@pytest.fixture
def tiny() -> Simulation:
    return Simulation.model_validate(read("test/parameters_simulate.yml", "simulate"))


@pytest.fixture
def dataset() -> Dataset:
    return Dataset.model_validate(
        read("base/dataset.yml", "dataset") | {"name": "tiny"}
    )


def test_the_pipeline_streams_all_tables_in_one_pass(
    tmp_path: Path, tiny: Simulation, dataset: Dataset
) -> None:
    names = (
        "raw_customers",
        "raw_transactions",
        "raw_contracts",
        "true_churn_probability",
    )
    files = {
        name: ArrowStreamDataset(filepath=str(tmp_path / f"{name}.parquet"))
        for name in names
    }
    catalog = DataCatalog(
        {
            **files,
            "planted_dirt": JSONDataset(filepath=str(tmp_path / "dirt.json")),
            "params:simulate": MemoryDataset(tiny),
            "params:dataset": MemoryDataset(dataset),
            "params:seed": MemoryDataset(42),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    dirt = catalog.load("planted_dirt")
    customers = catalog.load("raw_customers").count().execute()
    assert customers == tiny.customers + sum(dirt["customers"].values())
    roles = dataset.tables.contracts
    assert roles is not None
    declared = {roles.start_date, roles.end_date, *roles.columns}
    assert declared <= set(catalog.load("raw_contracts").columns)


def test_planted_rows_stay_below_what_stops_a_run(
    tiny: Simulation, dataset: Dataset
) -> None:
    *_, last = simulate_company(tiny, dataset, 42)
    planted = last["dirt"]
    assert isinstance(planted, dict)
    bad = sum(planted["customers"].values())
    assert bad / tiny.customers < dataset.max_rejected_share


def test_another_label_rule_is_refused(tiny: Simulation, dataset: Dataset) -> None:
    label = {"rule": "inactivity", "horizon_days": 60}
    other = Dataset.model_validate(dataset.model_dump() | {"label": label})
    with pytest.raises(ValueError, match="expected the label rule contract_end"):
        next(simulate_company(tiny, other, 42))
