"""What members say of rows that they hold out, at the scale of all members' mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from churn_pipeline.models.calibration import fit_slope, sigmoid, to_logit
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.net_model import held_out_as_of_all, held_out_logit

FOLDS = 4


class Told(nn.Module):
    """Members whose logits are the rows' numbers."""

    def forward(self, numbers: Tensor, _: Tensor, members: Tensor | None) -> Tensor:
        return numbers if members is None else numbers[:, members]


def disagreeing(n_members: int, spread: float, n_rows: int = 20_000) -> Rows:
    """Rows whose numbers are the truth, and a noise of each member's own."""
    rng = np.random.default_rng(0)
    truth = rng.normal(-1, 2, n_rows)
    label = (rng.random(n_rows) < sigmoid(truth)).astype(float)
    said = truth[:, None] + rng.normal(0, spread, (n_rows, n_members))
    codes = np.zeros((n_rows, 0), np.int64)
    return Rows(said.astype(np.float32), codes, label, np.arange(n_rows) % FOLDS)


def slopes(n_members: int, spread: float) -> tuple[float, float, float]:
    """Slopes that mend the mean of all, the few's logits, and these at all's scale."""
    rows, hold = disagreeing(n_members, spread), torch.arange(n_members) % FOLDS
    every = to_logit(sigmoid(rows.numbers.astype(np.float64)).mean(axis=1))
    few = held_out_logit(Told(), rows, hold)
    return (
        fit_slope(every, rows.label),
        fit_slope(few, rows.label),
        fit_slope(held_out_as_of_all(Told(), rows, hold), rows.label),
    )


def test_held_out_logits_of_members_that_disagree_are_as_timid_as_the_mean_of_all():
    wanted, few, found = slopes(n_members=16, spread=1.0)
    assert wanted > few + 0.1
    assert abs(found - wanted) < (wanted - few) / 3


def test_members_that_disagree_much_are_not_overdone():
    wanted, few, found = slopes(n_members=8, spread=1.5)
    assert few + 0.1 < found < wanted


def test_members_that_agree_keep_the_scale_of_their_held_out_logits():
    _, few, found = slopes(n_members=8, spread=0.0)
    assert found == pytest.approx(few)


def test_one_member_a_fold_tells_nothing_of_what_averaging_does():
    _, few, found = slopes(n_members=FOLDS, spread=1.0)
    assert found == few


def test_a_fold_with_a_member_more_than_the_others_is_taken_along():
    wanted, few, found = slopes(n_members=10, spread=1.0)
    assert abs(found - wanted) < (wanted - few) / 3
