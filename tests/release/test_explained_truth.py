"""Explanations of fitted models tell the drivers that the labels were drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from churn_pipeline.feature import Feature
from churn_pipeline.models.table import Table
from churn_pipeline.release.explanation import Explainer, choose_reference
from churn_pipeline.release.session import Session
from tests.models.company import made_up
from tests.models.test_export import FAMILIES, classifier

NUMBERS, TEXTS = ("use", "gaps", "ties", "constant", "empty"), ("plan", "town", "only")
FEATURES = tuple(
    Feature(name=name, type=kind)
    for kind, names in (("number", NUMBERS), ("category", TEXTS))
    for name in names
)


def true_drivers(table: Table) -> dict[str, np.ndarray]:
    """Log-odds that each driver adds, as `made_up` draws the labels."""
    return {
        "use": table.numbers[:, 0],
        "ties": -0.5 * table.numbers[:, 2],
        "plan": (table.categories[:, 0] == "basic").astype(float),
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_true_drivers_are_told_and_what_the_labels_do_not_use_is_not(family):
    training, label = made_up(4000)
    session = Session(classifier(family, training, label).to_onnx())
    explainer = Explainer(
        FEATURES, session, choose_reference(FEATURES, session, training)
    )
    table, _ = made_up(500, seed=1)
    found = explainer.explain(table)
    told = dict(zip(found.topics, found.contributions.T, strict=True))
    size = {name: np.abs(one - one.mean()).mean() for name, one in told.items()}
    drivers = true_drivers(table)
    for name, driver in drivers.items():
        true, mine = driver - driver.mean(), told[name] - told[name].mean()
        assert np.corrcoef(true, mine)[0, 1] > 0.85, name
        clear = np.abs(true) > 0.3
        assert (np.sign(true) == np.sign(mine))[clear].mean() > 0.9, name
    assert max(size, key=lambda name: size[name]) == "use"
    assert next(iter(explainer.reference.importance)) == "use"
    others = [value for name, value in size.items() if name not in drivers]
    assert max(others) < 0.75 * min(size[name] for name in drivers)
    assert not any(told[name].any() for name in ("constant", "empty", "only"))
