from __future__ import annotations

import logging
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from churn_pipeline.models.calibration import sigmoid
from churn_pipeline.models.fit import Batches
from churn_pipeline.models.net_model import NetModel, train_net
from tests.models.company import QUICK_FIT, SMALL_NET, encode, learn, made_up


def fitted(report=None, n_rows: int = 600, **settings) -> NetModel:
    table, label = made_up(n_rows)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    cut = n_rows // 2
    return train_net(
        rows.take(slice(0, cut)),
        rows.take(slice(cut, None)),
        vocabulary.sizes,
        net=SMALL_NET,
        fit=replace(QUICK_FIT, **settings),
        seed=1,
        report=report,
    )


def test_the_best_epoch_is_kept_not_the_last():
    losses: list[float] = []
    settings = {"max_epochs": 12, "patience": 12, "min_batch_rows": 8}
    made = fitted(lambda _, loss: losses.append(loss), **settings)
    assert min(losses) < losses[-1] - 1e-4
    assert made.validation_loss == pytest.approx(min(losses), abs=1e-6)
    table, label = made_up(600)
    codes = learn(table).codes(table.categories)
    chance = sigmoid(made.logit(table.numbers[300:], codes[300:]))
    found = -np.mean(np.log(np.where(label[300:] == 1, chance, 1 - chance)))
    assert found == pytest.approx(made.validation_loss, abs=1e-5)


def test_it_stops_when_validation_gets_no_better():
    epochs: list[int] = []
    fitted(lambda epoch, _: epochs.append(epoch), max_epochs=60, min_batch_rows=8)
    assert 3 <= len(epochs) < 60


def test_the_same_seed_gives_the_same_net_and_leaves_the_global_one_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = fitted().arrays(), fitted().arrays()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
    assert torch.equal(torch.rand(3), expected)


def test_an_epoch_is_every_row_once_in_a_new_order():
    batches = Batches((torch.arange(10),), 4, seed=3)
    epochs = [torch.cat([rows for (rows,) in batches]).tolist() for _ in range(2)]
    assert len(batches) == 3
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]


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
    alone = fitted()
    together = fitted(devices=2, strategy="ddp_spawn")
    assert together.validation_loss == pytest.approx(alone.validation_loss, abs=0.01)


@pytest.mark.gpu
def test_a_gpu_gives_the_probabilities_of_the_cpu():
    on_cpu, on_gpu = fitted(), fitted(accelerator="cuda")
    assert on_gpu.validation_loss == pytest.approx(on_cpu.validation_loss, abs=0.02)
