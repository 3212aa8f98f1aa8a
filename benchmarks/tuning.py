"""Trials a minute: a study as one batched program, against one trial at a time.

The same net, the same settings for each trial, the same rows and passes, no pruning:
first as this project fits a batch of trials, then each trial by itself with Lightning
as this project uses it, then each with Lightning as its documentation shows it (a
`DataLoader` over a `TensorDataset`). Prints seconds, trials a minute and the ratios
(goal: 10). On a GPU, if there is one, else on the CPU's threads.

    python benchmarks/tuning.py [TRIALS] [ROWS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from churn_pipeline.models.batches import HeldOut
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.encoding import learn_encoding
from churn_pipeline.models.fit import NetModule, Plan, quiet
from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.net_model import fit_groups
from churn_pipeline.models.settings import FitSettings, NetSettings

N_CODES = (3, 3, 4, 4, 5, 3, 3, 3, 3, 3, 3, 4, 3, 5, 3, 3)
BATCH_ROWS = 128
EPOCHS = 5
HOLD = torch.tensor([0, 1, 0, 1])
FIT = FitSettings(
    max_epochs=EPOCHS,
    patience=EPOCHS,
    min_batch_rows=BATCH_ROWS,
    max_batch_rows=BATCH_ROWS,
)


def made_up(n_rows: int) -> Rows:
    """Return rows of the shape of a telecom's table: 3 numbers and 16 texts."""
    rng = np.random.default_rng(0)
    numbers = rng.gamma(2, 1, (n_rows, 3)).astype(np.float32)
    codes = np.column_stack([rng.integers(0, n, n_rows) for n in N_CODES])
    chance = 1 / (1 + np.exp(numbers[:, 0] - codes[:, 0]))
    label = (rng.random(n_rows) < chance).astype(np.float64)
    return Rows(numbers, codes, label, np.arange(n_rows) % 8)


def proposed(n_trials: int) -> list[NetSettings]:
    """Return settings of trials."""
    rates = np.geomspace(1e-3, 1e-2, n_trials)
    return [NetSettings(members=len(HOLD), learning_rate=rate) for rate in rates]


def batched(rows: Rows, trials: Sequence[NetSettings]) -> None:
    """Fit all trials as one program."""
    hold = HOLD.repeat(len(trials))
    fit_groups(rows, N_CODES, trials, hold, fit=FIT, seed=0)


def one_at_a_time(rows: Rows, trials: Sequence[NetSettings]) -> None:
    """Fit each trial by itself, as this project would."""
    for trial in trials:
        fit_groups(rows, N_CODES, [trial], HOLD, fit=FIT, seed=0)


def stock(rows: Rows, trials: Sequence[NetSettings]) -> None:
    """Fit each trial with a Lightning trainer and a stock loader."""
    tensors = (
        torch.from_numpy(rows.numbers),
        torch.from_numpy(rows.codes),
        torch.from_numpy(rows.label.astype(np.float32)),
        torch.empty(len(rows), 0),  # no teacher: the nets alone are compared
        torch.from_numpy(rows.fold),
    )
    for trial in trials:
        encoding = learn_encoding(
            rows.numbers, rows.codes, n_codes=N_CODES, n_bins=trial.bins
        )
        loader = DataLoader(TensorDataset(*tensors), BATCH_ROWS, shuffle=True)
        plan = Plan([trial], HOLD, EPOCHS * len(loader), EPOCHS)
        module = NetModule(EnsembleNet(encoding, [trial], 0.0), plan)
        trainer = pl.Trainer(
            max_epochs=EPOCHS,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        held = HeldOut(tensors, [0, 1], trainer.strategy.root_device)
        trainer.fit(module, loader, held)


def timed(run: Callable[[Rows, Sequence[NetSettings]], None], *given: object) -> float:
    """Return the seconds of a run."""
    began = time.perf_counter()
    with quiet():
        run(*given)  # type: ignore[arg-type]
    return time.perf_counter() - began


def main(n_trials: int, n_rows: int) -> None:
    """Print what each way takes."""
    rows, trials = made_up(n_rows), proposed(n_trials)
    batched(rows, trials[:1])  # what is loaded once is loaded
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    print(f"{n_trials} trials of {EPOCHS} passes over {n_rows:,} rows, {device}")
    ways = {
        "one batched program": batched,
        "one at a time, rows on the device": one_at_a_time,
        "one at a time, stock Lightning loader": stock,
    }
    seconds = {name: timed(way, rows, trials) for name, way in ways.items()}
    ours = seconds["one batched program"]
    for name, taken in seconds.items():
        rate = 60 * n_trials / taken
        print(f"{name:40}{taken:8.1f} s{rate:8.1f} trials/min{taken / ours:7.2f} x")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*given, *(24, 5_634)[len(given) :])
