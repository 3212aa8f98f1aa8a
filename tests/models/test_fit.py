from __future__ import annotations

import logging
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from churn_pipeline.models.batches import Batches, HeldOut
from churn_pipeline.models.calibration import sigmoid
from churn_pipeline.models.classifier import CrossFitted
from churn_pipeline.models.net_model import fit_groups, held_out_logit, train_net
from tests.models.company import (
    QUICK_FIT,
    QUICK_TREES,
    SMALL_NET,
    encode,
    learn,
    made_up,
)


def fitted(n_rows: int = 600, **settings) -> CrossFitted:
    table, label = made_up(n_rows)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    how = replace(QUICK_FIT, **settings)
    return train_net(
        rows, vocabulary.sizes, net=SMALL_NET, boosting=QUICK_TREES, fit=how, seed=1
    )


def grouped(groups, hold, report=None, n_rows: int = 600, **settings):
    """Return the rows and a net of groups, fit on them."""
    table, label = made_up(n_rows)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    how = replace(QUICK_FIT, **settings)
    net = fit_groups(
        rows, vocabulary.sizes, groups, hold, fit=how, seed=1, report=report
    )
    return rows, net


def log_loss(label: np.ndarray, logit: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, logit) - label * logit))


def test_each_member_keeps_its_best_pass_not_the_last():
    losses: list[list[float]] = []
    groups = [replace(SMALL_NET, members=1)] * 2
    hold = torch.tensor([0, 1])

    def report(_epoch: int, least: list[float], _moving: list[int]) -> list[int]:
        losses.append(least)
        return []

    settings = {"max_epochs": 14, "patience": 14, "min_batch_rows": 8}
    rows, net = grouped(groups, hold, report, **settings)
    for member, fold in enumerate(hold.tolist()):
        only = torch.where(torch.arange(2) == member, hold, -1)
        held = rows.fold == fold
        found = held_out_logit(net, rows, only)
        assert np.isnan(found[~held]).all()
        expected = losses[-1][member]
        assert log_loss(rows.label[held], found[held]) == pytest.approx(
            expected, abs=1e-5
        )
    assert losses[0] > losses[-1]


def test_a_members_held_out_rows_teach_it_nothing():
    table, label = made_up(400)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    # In another order within the fold: the churn rate, where members start, stays.
    mixed, held = label.copy(), rows.fold == 0
    mixed[held] = np.random.default_rng(0).permutation(label[held])

    def weights(labels: np.ndarray) -> np.ndarray:
        net = fit_groups(
            replace(rows, label=labels),
            vocabulary.sizes,
            [replace(SMALL_NET, members=2)],
            torch.tensor([0, 1]),
            # One pass, for held-out labels choose among several; 50 steps.
            fit=replace(QUICK_FIT, max_epochs=1, min_batch_rows=8),
            seed=1,
        )
        return net.hidden[0].weight.detach().numpy()

    before, after = weights(label), weights(mixed)
    np.testing.assert_array_equal(before[0], after[0])
    assert np.abs(before[1] - after[1]).max() > 0.01


def test_held_out_rows_are_judged_by_members_that_did_not_see_them():
    made = fitted(max_epochs=12, patience=12, min_batch_rows=8, n_rows=300)
    table, label = made_up(300)
    codes = learn(table).codes(table.categories)
    seen = log_loss(label, made.model.logit(table.numbers, codes))
    assert log_loss(label, made.held_out) > seen + 0.01


def test_it_stops_when_every_member_gets_no_better():
    epochs: list[int] = []

    def report(epoch: int, _least: list[float], _moving: list[int]) -> list[int]:
        epochs.append(epoch)
        return []

    hold = torch.tensor([0, 1, 2])
    grouped([SMALL_NET], hold, report, max_epochs=60, min_batch_rows=8)
    assert 3 <= len(epochs) < 60


def test_groups_learn_as_they_would_alone():
    """One that is stopped, and another rate, change nothing for the others."""
    slow = replace(SMALL_NET, members=2, dropout=0.0)
    quick = replace(slow, learning_rate=0.02, weight_decay=1.0)

    moved: list[list[int]] = []

    def stop_the_first(epoch: int, _least: list[float], moving: list[int]) -> list[int]:
        moved.append(moving)
        return [0] if epoch == 1 else []

    hold = torch.tensor([0, 1, 0, 1])
    how = {"max_epochs": 6, "patience": 6}
    _, whole = grouped([slow, quick], hold, **how)
    rows, cut = grouped([slow, quick], hold, stop_the_first, **how)
    assert moved == [[0, 1], [0, 1], *4 * [[1]]]
    alone = torch.tensor([-1, -1, 0, 1])
    np.testing.assert_allclose(
        held_out_logit(cut, rows, alone), held_out_logit(whole, rows, alone), atol=1e-4
    )
    first = torch.tensor([0, 1, -1, -1])
    apart = held_out_logit(cut, rows, first) - held_out_logit(whole, rows, first)
    assert np.nanmax(np.abs(apart)) > 0.01


def test_the_same_seed_gives_the_same_net_and_leaves_the_global_one_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = fitted(), fitted()
    for name, array in first.model.arrays().items():
        np.testing.assert_array_equal(array, second.model.arrays()[name])
    np.testing.assert_array_equal(first.held_out, second.held_out)
    assert torch.equal(torch.rand(3), expected)


def test_rows_that_say_nothing_keep_the_base_rate():
    rng = np.random.default_rng(0)
    table, _ = made_up(600)
    label = (rng.random(600) < 0.2).astype(float)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    made = train_net(
        rows,
        vocabulary.sizes,
        net=SMALL_NET,
        boosting=QUICK_TREES,
        fit=replace(QUICK_FIT, max_epochs=40, min_batch_rows=16),
        seed=0,
    )
    base = log_loss(label, np.full(600, np.log(label.mean() / (1 - label.mean()))))
    assert log_loss(label, made.held_out) < base + 0.02


def test_an_epoch_is_every_row_once_in_a_new_order():
    batches = Batches((torch.arange(10),), 4, seed=3)
    epochs = [torch.cat([rows for (rows,) in batches]).tolist() for _ in range(2)]
    assert len(batches) == 3
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]


def test_a_batch_of_held_out_rows_is_of_one_fold():
    fold = torch.tensor([0, 1, 2, 0, 1, 2])
    batches = HeldOut((torch.arange(6), fold), [0, 2], torch.device("cpu"))
    assert [(rows.tolist(), of.tolist()) for rows, of in batches] == [
        ([0, 3], [0, 0]),
        ([2, 5], [2, 2]),
    ]


def test_lightning_says_nothing_and_writes_nothing(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logging.getLogger("pytorch_lightning").addHandler(logging.StreamHandler())
        fitted()
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert list(tmp_path.iterdir()) == []


def test_two_processes_fit_one_net_about_as_well():
    how = {"max_epochs": 12, "min_batch_rows": 16}
    alone, together = fitted(**how), fitted(**how, devices=2, strategy="ddp_spawn")
    label = made_up(600)[1]
    rate = label.mean()
    base = log_loss(label, np.full(600, np.log(rate / (1 - rate))))
    found = log_loss(label, together.held_out)
    assert found == pytest.approx(log_loss(label, alone.held_out), abs=0.02)
    assert found < base - 0.03


@pytest.mark.gpu
def test_a_gpu_gives_the_probabilities_of_the_cpu():
    on_cpu, on_gpu = fitted(), fitted(accelerator="cuda")
    apart = sigmoid(on_cpu.held_out) - sigmoid(on_gpu.held_out)
    assert np.abs(apart).mean() < 0.05
