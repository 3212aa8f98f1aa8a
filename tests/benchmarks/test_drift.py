"""Each planted drift changes what it says, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.drift_picture import draw
from benchmarks.drift_planted import DRIFTS

BY_NAME = {drift.name: drift for drift in DRIFTS}


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    n = 400
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "age": rng.integers(30, 70, n).astype(float),
            "income": rng.lognormal(10, 1, n),
            "region": rng.choice(np.array(["north", "east"], object), n),
            "channel": rng.choice(np.array(["web", "store", "partner"], object), n),
            "monthly_charge": rng.uniform(10, 90, n),
            "purchases_7d": rng.poisson(2.0, n).astype(float),
            "amount_30d": rng.uniform(1, 99, n),
            "amount_trend_30d": rng.uniform(0, 2, n),
            "monetary": rng.uniform(1, 99, n),
            "label": (rng.random(n) < 0.2).astype(float),
        }
    )


def _changed(rows, name, week=6):
    planted = BY_NAME[name].plant(rows, week, np.random.default_rng(0))
    return {c for c in rows if not planted[c].equals(rows[c])}


def test_there_are_ten():
    assert len(BY_NAME) == 10


@pytest.mark.parametrize("name", set(BY_NAME) - {"prior shift", "concept only"})
def test_only_the_true_cause_changes(rows, name):
    changed = _changed(rows, name)
    assert changed
    assert all(column.startswith(BY_NAME[name].causes) for column in changed)


def test_only_labels_change_with_the_concept_and_as_many_leave(rows):
    planted = BY_NAME["concept only"].plant(rows, 0, np.random.default_rng(0))
    assert _changed(rows, "concept only") == {"label"}
    assert planted["label"].sum() == rows["label"].sum()


def test_a_prior_shift_has_more_churners_who_look_as_before(rows):
    planted = BY_NAME["prior shift"].plant(rows, 0, np.random.default_rng(0))
    assert planted["label"].mean() > 1.5 * rows["label"].mean()
    assert set(planted["income"]) <= set(rows["income"])


def test_the_subgroup_is_the_only_one_that_changes(rows):
    planted = BY_NAME["subgroup only"].plant(rows, 0, np.random.default_rng(0))
    other = rows["region"] != "east"
    assert planted[other].equals(rows[other])
    ratio = planted.loc[~other, "amount_30d"] / rows.loc[~other, "amount_30d"]
    assert ratio.to_numpy() == pytest.approx(2.0)


def test_the_picture_has_a_cell_for_each_week(tmp_path):
    path = tmp_path / "drift.svg"
    draw({"shift": [(0, True, False), (1, True, True)]}, [[(False, False)] * 3], path)
    assert path.read_text("utf-8").count("<rect") == 2 + 3 + 3
