"""Training on a device: samples a second beside a plain loop and a stock loader.

A made-up table of 50 columns stays on the device. The same net, batch and optimiser:
(a) as this project fits it (`fit_groups`, its held-out losses, members' ends and all),
(b) in a plain PyTorch loop over rows on the device, without any of these, and (c) with
Lightning and a stock `DataLoader` over a `TensorDataset`, on a slice of the rows, since
it is slow. Then bf16 beside fp32 by the AUC of rows that neither saw, and what share of
the device's memory bandwidth a step uses. Needs torch, Lightning, numpy and
scikit-learn only. Goals: at least 0.9 of (b), at least 10 times (c).

    PYTHONPATH=src python benchmarks/gpu.py [ROWS] [--passes 3] [--profile FILE]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset

from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.encoding import learn_encoding
from churn_pipeline.models.fit import quiet
from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.net_model import NetModel, fit_groups
from churn_pipeline.models.settings import FitSettings, NetSettings

N_NUMBERS, N_CODES = 40, (4, 8, 3, 20, 5, 2, 6, 12, 3, 50)
NET = NetSettings()
BATCH = FitSettings().max_batch_rows
SLICE, PROFILED, JUDGED = 200_000, 20 * BATCH, 1_000_000
"""Rows of the stock loader, of the profile, and of the comparison of precisions."""
ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
PRECISION = "bf16-mixed" if ON_GPU else "32-true"
Clock = list[float]


def made_up(n_rows: int) -> Rows:
    """Return rows of 40 numbers and 10 texts, of which some tell the label."""
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((n_rows, N_NUMBERS), np.float32)
    codes = np.empty((n_rows, len(N_CODES)), np.int64)
    for place, size in enumerate(N_CODES):
        codes[:, place] = rng.integers(0, size, n_rows)
    risk = 0.8 * numbers[:, 0] - np.abs(numbers[:, 1]) + numbers[:, 2] * numbers[:, 3]
    risk += 0.5 * (codes[:, 0] == 0) - 0.1 * codes[:, 4]
    label = (rng.random(n_rows, np.float32) < 1 / (1 + np.exp(1 - risk))).astype(float)
    return Rows(numbers, codes, label, np.arange(n_rows) % NET.members)


def fit(
    rows: Rows, passes: int, clock: Clock, precision: str = PRECISION
) -> EnsembleNet:
    """Fit as this project does; the clock takes the end of each pass."""
    settings = FitSettings(
        max_epochs=passes,
        max_rows_seen=passes * len(rows),
        patience=passes,
        min_batch_rows=BATCH,
        max_batch_rows=BATCH,
        precision=precision,
    )

    def report(_epoch: int, _losses: list[float], _moving: list[int]) -> list[int]:
        tick(clock)
        return []

    hold = torch.arange(NET.members)
    return fit_groups(rows, N_CODES, [NET], hold, fit=settings, seed=0, report=report)


def tick(clock: Clock) -> None:
    """Take the time once the device has done what it was given."""
    if ON_GPU:
        torch.cuda.synchronize()
    clock.append(time.perf_counter())


def new_net(rows: Rows) -> EnsembleNet:
    """Return the net that `fit` trains, before training."""
    encoding = learn_encoding(
        rows.numbers, rows.codes, n_codes=N_CODES, n_bins=NET.bins
    )
    return EnsembleNet(encoding, [NET], 0.0)


def loss_of(net: nn.Module, batch: list[Tensor]) -> Tensor:
    """Return the sum of the members' mean log losses."""
    numbers, codes, label = batch
    logits = net(numbers, codes).float()
    wanted = label[:, None].expand_as(logits)
    return binary_cross_entropy_with_logits(logits, wanted) * logits.shape[1]


def adamw(net: nn.Module) -> torch.optim.AdamW:
    """Return AdamW with the settings of `fit`."""
    biases = [p for name, p in net.named_parameters() if name.endswith("bias")]
    weights = [p for name, p in net.named_parameters() if not name.endswith("bias")]
    groups = [
        {"params": weights, "weight_decay": NET.weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=NET.learning_rate, fused=True)


def tensors_of(rows: Rows) -> list[Tensor]:
    """Return numbers, codes and labels as tensors, on the host."""
    arrays = (rows.numbers, rows.codes, rows.label.astype(np.float32))
    return [torch.from_numpy(array) for array in arrays]


def plain_loop(rows: Rows, passes: int, clock: Clock) -> None:
    """Train in a plain PyTorch loop over rows on the device."""
    net = new_net(rows).to(DEVICE)
    optimizer, tensors = adamw(net), [t.to(DEVICE) for t in tensors_of(rows)]
    for _ in range(passes):
        order = torch.randperm(len(rows)).to(DEVICE)
        for place in torch.split(order, BATCH):
            optimizer.zero_grad()
            with torch.autocast(DEVICE.type, torch.bfloat16, enabled=ON_GPU):
                loss = loss_of(net, [tensor[place] for tensor in tensors])
            loss.backward()
            optimizer.step()
        tick(clock)


class Stock(pl.LightningModule):
    """The net as Lightning's documentation shows a module; takes the time of passes."""

    def __init__(self, net: EnsembleNet, clock: Clock) -> None:
        super().__init__()
        self.net, self._clock = net, clock

    def training_step(self, batch: list[Tensor], _index: int) -> Tensor:
        return loss_of(self.net, batch)

    def configure_optimizers(self) -> torch.optim.AdamW:
        return adamw(self.net)

    def on_train_epoch_end(self) -> None:
        tick(self._clock)


def stock_loader(rows: Rows, passes: int, clock: Clock) -> None:
    """Train with Lightning and a stock loader."""
    trainer = pl.Trainer(
        max_epochs=passes,
        precision=PRECISION,  # type: ignore[arg-type]
        accelerator="auto",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader = DataLoader(TensorDataset(*tensors_of(rows)), BATCH, shuffle=True)
    trainer.fit(Stock(new_net(rows), clock), loader)


def samples_a_second(
    work: Callable[[Rows, int, Clock], object], rows: Rows, passes: int
) -> float:
    """Return rows a second over all passes but the first, which also sets things up."""
    clock: Clock = []
    with quiet():
        work(rows, passes, clock)
    return len(rows) * (len(clock) - 1) / (clock[-1] - clock[0])


def auc(rows: Rows, precision: str, passes: int) -> float:
    """Return the AUC of the last tenth of the rows by a net fit on the others."""
    n_fit = len(rows) * 9 // 10
    with quiet():
        net = fit(rows.take(slice(n_fit)), passes, [], precision)
    held = rows.take(slice(n_fit, None))
    logit = NetModel(net, N_NUMBERS).logit(held.numbers, held.codes)
    return float(roc_auc_score(held.label, logit))


def bytes_a_step(net: EnsembleNet) -> int:
    """Return the bytes that a step must move, estimated plainly.

    Parameters, 4 bytes each, move 10 times: read forward and backward, gradient written
    and read, and AdamW reads weight and two moments and writes these (6), the cast to
    bf16 aside. Activations (bins, units, each hidden layer, logits) move 5 times: each
    is written, read by what follows and again backward, its gradient written and read;
    of 2 bytes in bf16, else 4. What one kernel writes for the next within a layer is
    not counted, so this is a floor.
    """
    parameters = sum(p.numel() for p in net.parameters())
    used, bins = net.embedding.left.shape
    of_member = net.embedding.width + NET.width * NET.layers + 1
    activations = BATCH * (used * bins + NET.members * of_member)
    return 10 * 4 * parameters + 5 * (2 if ON_GPU else 4) * activations


def bandwidth() -> float:
    """Return bytes a second of a large copy on the device, read and written."""
    source = torch.zeros(2**28 if ON_GPU else 2**26, device=DEVICE)
    target = torch.empty_like(source)
    clock: Clock = []
    for _ in range(6):
        target.copy_(source)
        tick(clock)
    return 2 * 4 * source.numel() * 5 / (clock[-1] - clock[0])


def most_memory() -> str:
    """Return the most memory used so far: of the GPU, else of this process."""
    if ON_GPU:
        return f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB of it"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{most / 2**20:.2f} GiB of RAM, all in all"


def write_profile(rows: Rows, path: Path) -> None:
    """Write the 15 kernels that take most of the time of a fit's steps."""
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if ON_GPU else [])]
    with quiet(), profile(activities=kinds) as seen:
        fit(rows.take(slice(PROFILED)), 2, [])
    by = "self_cuda_time_total" if ON_GPU else "self_cpu_time_total"
    path.write_text(seen.key_averages().table(sort_by=by, row_limit=15), "utf-8")
    print(f"the 15 kernels with most time: {path}")


def main(n_rows: int, passes: int, kernels: Path | None) -> None:
    """Print what each way reaches."""
    name = torch.cuda.get_device_name() if ON_GPU else "the CPU (no GPU was found)"
    print(
        f"measured on {name}, torch {torch.__version__}: {n_rows:,} rows x "
        f"{N_NUMBERS + len(N_CODES)} columns, {passes} passes, {BATCH:,} rows a step, "
        f"{NET.members} members, {PRECISION}"
    )
    rows = made_up(n_rows)
    part = rows.take(slice(SLICE))
    ours, memory = samples_a_second(fit, rows, passes), most_memory()
    plain = samples_a_second(plain_loop, rows, passes)
    stock = samples_a_second(stock_loader, part, 2)
    print(f"a  this project's fit    {ours:>12,.0f} samples/s, at most {memory}")
    print(
        f"b  plain PyTorch loop    {plain:>12,.0f}, a/b {ours / plain:.2f} (goal 0.9)"
    )
    print(f"c  stock Lightning loader{stock:>12,.0f}, a/c {ours / stock:.1f} (goal 10)")
    print(f"   c on a slice of {len(part):,} rows")
    used, reached = bytes_a_step(new_net(part)) * ours / BATCH, bandwidth()
    print(
        f"a moves at least {used / 1e9:,.1f} GB/s; a copy on the device reaches "
        f"{reached / 1e9:,.0f} GB/s: {used / reached:.1%} of the bandwidth"
    )
    judged = rows.take(slice(JUDGED))
    pair = [auc(judged, precision, passes) for precision in ("32-true", "bf16-mixed")]
    print(f"AUC of {len(judged) // 10:,} unseen rows: fp32 {pair[0]:.4f}, ", end="")
    print(f"bf16 {pair[1]:.4f}, difference {pair[1] - pair[0]:+.4f}")
    if kernels:
        write_profile(rows, kernels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = 10_000_000 if ON_GPU else 100_000
    parser.add_argument("rows", type=int, nargs="?", default=default)
    parser.add_argument("--passes", type=int, default=3, help="2 or more")
    parser.add_argument("--profile", type=Path, help="file of the kernel table")
    given = parser.parse_args()
    main(given.rows, given.passes, given.profile)
