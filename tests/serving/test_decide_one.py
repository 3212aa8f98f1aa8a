"""One customer is decided as an array of one is, to the bit."""

from dataclasses import replace

import numpy as np
import pytest

from churn_pipeline.dataset import ColumnLabel, ContractEndLabel, InactivityLabel
from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.feature import Feature
from churn_pipeline.models.conformal import Conformal
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.decide_one import DecideOne
from tests.factories import DECISION, tiny_artifact

NAMES = ("recency_days", "has_contract", "charge")
LABELS = (
    InactivityLabel(rule="inactivity", horizon_days=60),
    ContractEndLabel(rule="contract_end", horizon_days=30),
    ColumnLabel(rule="column", column="left", positive="1"),
)
ROWS = [
    (recency, contract, charge)
    for recency in (None, 10.0, 30.0, 60.0, 61.0)
    for contract in (None, 0.0, 1.0)
    for charge in (None, 0.0, 12.3, 1e9)
]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("value", [800, CustomerValue("charge", 10, times=0.7)])
@pytest.mark.parametrize("sets", [(0.2, 0.6), (0.6, 0.2)])
def test_one_customer_is_decided_as_an_array_is(label, value, sets):
    manifest = tiny_artifact().manifest.model_copy(
        update={
            "label": label,
            "features": tuple(Feature(name=n, type="number") for n in NAMES),
            "decision": replace(DECISION, customer_value=value)
            if isinstance(value, int)
            else replace(DECISION, customer_value=value, offer_cost=1, contact_cost=1),
            "conformal": Conformal(0.8, *sets, n_churners=9, n_stayers=9),
        }
    )
    one = DecideOne(manifest, {name: i for i, name in enumerate(NAMES)})
    for probability in (0.0, 0.1, 0.2, 1 / 3, 0.6, 1.0):
        chances = np.full(len(ROWS), probability)
        columns = {name: list(c) for name, c in zip(NAMES, zip(*ROWS), strict=True)}
        decided = decide(columns, chances, manifest)
        expected = list(zip(*(column.tolist() for column in decided), strict=True))
        assert [tuple(one((*row, None), probability)) for row in ROWS] == expected
