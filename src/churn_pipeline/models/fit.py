"""Fitting the net with Lightning: tensors stay on the device, batches are slices."""

from __future__ import annotations

import atexit
import gc
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional

from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.settings import FitSettings

Report = Callable[[int, float], None]
"""Called with the epoch and its validation log loss; may raise to stop the fit."""

VALIDATION_LOSS = "validation_log_loss"

_STEPS_AN_EPOCH = 40
_VALIDATION_BATCH = 8192
_EDGE = 1e-7


class Batches:
    """Batches of rows that lie on the device: slices of a fresh permutation."""

    def __init__(
        self, tensors: tuple[Tensor, ...], batch_rows: int, *, seed: int | None
    ) -> None:
        """Take the rows.

        Args:
            tensors: Tensors of one length, on the device.
            batch_rows: Rows of a batch; the last one may have fewer.
            seed: Of the permutations; None keeps the order.
        """
        self._tensors = tensors
        self._batch_rows = batch_rows
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self._tensors[0]) / self._batch_rows)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield one pass over the rows."""
        n_rows = len(self._tensors[0])
        order: Tensor | None = None
        if self._seed is not None:
            generator = torch.Generator().manual_seed(self._seed + self._epoch)
            order = torch.randperm(n_rows, generator=generator)
            order = order.to(self._tensors[0].device)
            self._epoch += 1
        for start in range(0, n_rows, self._batch_rows):
            part = slice(start, start + self._batch_rows)
            rows = part if order is None else order[part]
            yield tuple(tensor[rows] for tensor in self._tensors)


class RowsModule(pl.LightningDataModule):
    """Training and validation rows, moved to each process's device once."""

    def __init__(
        self, training: Rows, validation: Rows, batch_rows: int, seed: int
    ) -> None:
        """Take the rows, which stay on the host until the fit begins."""
        super().__init__()
        self._training = training
        self._validation = validation
        self._batch_rows = batch_rows
        self._seed = seed

    def train_dataloader(self) -> Batches:
        """Return this process's share of the training rows."""
        world = self._fit.world_size
        # Every process takes as many steps: they wait for each other's gradients.
        n_rows = len(self._training) // world * world
        share = slice(self._fit.global_rank, n_rows, world)
        tensors = _tensors(self._training.take(share), self._device)
        return Batches(tensors, math.ceil(self._batch_rows / world), seed=self._seed)

    def val_dataloader(self) -> Batches:
        """Return the validation rows."""
        tensors = _tensors(self._validation, self._device)
        return Batches(tensors, _VALIDATION_BATCH, seed=None)

    @property
    def _device(self) -> torch.device:
        return self._fit.strategy.root_device

    @property
    def _fit(self) -> pl.Trainer:
        if self.trainer is None:
            raise RuntimeError("the rows have no device before Lightning's fit begins")
        return self.trainer


class NetModule(pl.LightningModule):
    """The net's losses and its optimiser."""

    def __init__(
        self, net: EnsembleNet, report: Report | None, *, n_steps: int
    ) -> None:
        """Take the net.

        Args:
            net: The net to fit.
            report: Told each epoch's validation log loss.
            n_steps: Steps over which the learning rate falls to 0.
        """
        super().__init__()
        self.net = net
        self._report = report
        self._n_steps = n_steps

    def training_step(self, batch: tuple[Tensor, ...], _index: int) -> Tensor:
        """Return the mean of the members' log losses."""
        numbers, codes, label = batch
        logits = self.net(numbers, codes).float()
        target = label[:, None].expand_as(logits)
        return functional.binary_cross_entropy_with_logits(logits, target)

    def validation_step(self, batch: tuple[Tensor, ...], _index: int) -> None:
        """Log the log loss of the mean of the members' probabilities."""
        numbers, codes, label = batch
        chance = self.net(numbers, codes).float().sigmoid().mean(dim=1)
        loss = functional.binary_cross_entropy(chance.clamp(_EDGE, 1 - _EDGE), label)
        self.log(VALIDATION_LOSS, loss, batch_size=len(label), sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Tell the study, which may prune."""
        if self._report is not None:
            loss = float(self.trainer.callback_metrics[VALIDATION_LOSS])
            self._report(self.current_epoch, loss)

    def configure_optimizers(self) -> Any:
        """Return AdamW whose learning rate falls along a cosine."""
        settings = self.net.settings
        learnt = [(n, p) for n, p in self.net.named_parameters() if p.requires_grad]
        weights = [p for name, p in learnt if not name.endswith("bias")]
        biases = [p for name, p in learnt if name.endswith("bias")]
        groups = [
            {"params": weights, "weight_decay": settings.weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self._n_steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


class BestWeights(pl.Callback):
    """Keeps the best epoch's weights in memory, and gives them back at the end."""

    def __init__(self) -> None:
        """Start without an epoch."""
        self._loss = float("inf")
        self._weights: dict[str, Tensor] = {}

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Keep the weights where the epoch is the best so far."""
        loss = float(trainer.callback_metrics[VALIDATION_LOSS])
        if loss < self._loss:
            self._loss = loss
            self._weights = {k: v.clone() for k, v in pl_module.state_dict().items()}

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the best weights back; here, since a spawned process ends after it."""
        if self._weights:
            pl_module.load_state_dict(self._weights)


class LeaveGroup(pl.Callback):
    """Ends a process's group with others while its interpreter is still whole.

    Gloo's threads let go of tensors late, and one that does so while the interpreter
    ends aborts the process. Lightning ends the groups of NCCL alone.
    """

    def setup(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str
    ) -> None:
        """See to it, in each process of several."""
        if trainer.world_size > 1:
            atexit.register(_leave_group)


def _leave_group() -> None:
    gc.collect()  # what still holds the group would keep its threads
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def fit_net(
    net: EnsembleNet,
    training: Rows,
    validation: Rows,
    *,
    settings: FitSettings,
    seed: int,
    report: Report | None = None,
) -> None:
    """Fit a net in place, up to its epoch of least validation log loss.

    Args:
        net: The net; holds the best epoch's weights afterwards, on the host.
        training: Rows to fit on; labels known.
        validation: Rows that tell when to stop; labels known.
        settings: How and where.
        seed: Of the order of the rows and of dropout.
        report: Told each epoch's validation log loss; may raise to stop.
    """
    batch_rows = _batch_rows(len(training), settings)
    n_steps = settings.max_epochs * math.ceil(len(training) / batch_rows)
    module = NetModule(net, report, n_steps=n_steps)
    stop = pl.callbacks.EarlyStopping(VALIDATION_LOSS, patience=settings.patience)
    with _quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        trainer = _trainer(settings, [BestWeights(), stop, LeaveGroup()])
        data = RowsModule(training, validation, batch_rows, seed)
        trainer.fit(module, datamodule=data)
    net.to("cpu").eval()


def _trainer(settings: FitSettings, callbacks: list[pl.Callback]) -> pl.Trainer:
    on_gpu = settings.accelerator != "cpu" and torch.cuda.is_available()
    precision = settings.precision
    if precision == "auto":
        precision = "bf16-mixed" if on_gpu else "32-true"
    return pl.Trainer(
        accelerator=settings.accelerator,
        devices=settings.devices,
        strategy=settings.strategy,
        precision=precision,  # type: ignore[arg-type]
        max_epochs=settings.max_epochs,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _batch_rows(n_rows: int, settings: FitSettings) -> int:
    """Return rows a step: enough steps on small tables, large steps on large ones."""
    wanted = n_rows // _STEPS_AN_EPOCH
    return max(settings.min_batch_rows, min(settings.max_batch_rows, wanted))


def _tensors(rows: Rows, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    return (
        torch.from_numpy(rows.numbers).to(device),
        torch.from_numpy(rows.codes).to(device),
        torch.from_numpy(rows.label).float().to(device),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning: its advice is about loaders and loggers not used here."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
