"""Evidently's own verdict stands beside ours, by its own tests and thresholds."""

import numpy as np
import pandas as pd

from churn_pipeline.monitoring.drift import DriftRule, Sample, compare
from churn_pipeline.monitoring.evidently_verdict import evidently_verdict

KINDS = {"calm": "number", "far": "number", "plan": "category", "gone": "number"}


def _verdict(rows):
    rng = np.random.default_rng(0)
    before = pd.DataFrame(
        {
            "calm": rng.normal(size=rows),
            "far": rng.normal(size=rows),
            "plan": rng.choice(np.array(["a", "b"], object), rows),
            "gone": np.nan,
        }
    )
    now = before.assign(far=before["far"] + 3, plan="a")
    dates = np.full(rows, np.datetime64("2024-01-01"))
    samples = (Sample({n: f[n].to_numpy() for n in f}, dates) for f in (before, now))
    columns = compare(*samples, KINDS, rule=DriftRule())
    return evidently_verdict(before, now, columns)


def test_its_verdicts_are_its_own():
    found = _verdict(1500)
    drifted = {name: column.drifted for name, column in found.columns.items()}
    assert drifted == {"calm": False, "far": True, "plan": True, "gone": False}
    assert found.columns["far"].test == "Wasserstein distance (normed)"
    assert found.columns["far"].threshold == 0.1
    assert found.columns["gone"].score is None
    assert (found.n_drifted, found.drifted) == (2, True)


def test_on_few_rows_it_takes_other_tests():
    found = _verdict(500)
    assert found.columns["far"].test == "K-S p_value"
    assert found.columns["far"].score < 1e-6
