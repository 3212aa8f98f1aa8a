from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from churn_pipeline.dataset import ContractEndLabel
from churn_pipeline.simulation.params import Simulation

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture(scope="session")
def company() -> Simulation:
    """The base company with a tenth of its customers, in two chunks."""
    text = (CONF / "base" / "parameters_simulate.yml").read_text(encoding="utf8")
    params = Simulation.model_validate(yaml.safe_load(text)["simulate"])
    return params.model_copy(update={"customers": 2000, "chunk_customers": 1000})


@pytest.fixture(scope="session")
def label() -> ContractEndLabel:
    return ContractEndLabel(rule="contract_end", horizon_days=60)
