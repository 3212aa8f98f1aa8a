"""Fitting the net with Lightning: each member up to an end of its own."""

from __future__ import annotations

import atexit
import gc
import logging
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional

from churn_pipeline.models.batches import RowsModule, Tensors
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.settings import FitSettings, NetSettings
from churn_pipeline.models.stack import Stack, schedule

Report = Callable[[int, list[float], list[int]], Sequence[int]]
"""Called after a pass with its number, each group's least held-out log loss so far (the
mean of its members') and the groups that made the pass, by any of their members;
returns the groups that are to end."""

_STEPS_AN_EPOCH = 128
_MIN_EPOCHS = 10


@dataclass(frozen=True)
class Plan:
    """How the members of a net are fit.

    Attributes:
        groups: Settings of the members, one entry for `members` of them.
        hold: int64, (members,): the fold that each member holds out.
        n_steps: Steps over which the learning rate falls to 0.
        patience: Passes without a better loss before a member leaves.
        report: Told of each pass; says which groups are to end.
    """

    groups: Sequence[NetSettings]
    hold: Tensor
    n_steps: int
    patience: int
    report: Report | None = None


class NetModule(pl.LightningModule):
    """The members' losses, their optimiser and their ends."""

    def __init__(self, net: EnsembleNet, plan: Plan) -> None:
        """Take the net and how its members are fit."""
        super().__init__()
        self.net = net
        self._plan = plan
        self._started: Stack | None = None

    @property
    def stack(self) -> Stack:
        """The members under training."""
        if self._started is None:
            raise RuntimeError("the members are none before Lightning's fit begins")
        return self._started

    def configure_optimizers(self) -> Any:
        """Return AdamW, each group of members at its own rate and decay."""
        plan = self._plan
        self._started = Stack(self.net, plan.groups, plan.hold, patience=plan.patience)
        optimizer = self._started.optimizer
        course = schedule(optimizer, plan.n_steps)
        return [optimizer], [{"scheduler": course, "interval": "step"}]

    def training_step(self, batch: Tensors, _index: int) -> Tensor:
        """Return the sum of the members' log losses of rows that they do not hold.

        What a member is to say is the label, and its teacher's word in its share.
        """
        numbers, codes, label, taught, fold = batch
        target = label[:, None]
        if taught.shape[1]:
            told = taught[:, self.stack.hold]
            target = target + self.stack.teacher * (told - target)
        loss = _log_losses(self.net(numbers, codes), target)
        fits = fold[:, None] != self.stack.hold
        return ((loss * fits).sum(0) / fits.sum(0).clamp_min(1)).sum()

    def on_validation_epoch_start(self) -> None:
        """Begin the sums of the held-out losses."""
        k = len(self.stack.active)
        self._sums = torch.zeros(k, device=self.device)
        self._counts = torch.zeros(k, device=self.device)

    def validation_step(self, batch: Tensors, _index: int) -> None:
        """Add the losses of a fold's rows, by the members that hold it out."""
        numbers, codes, label, _, fold = batch
        members = (self.stack.hold == fold[0]).nonzero().squeeze(1)
        if len(members):
            loss = _log_losses(self.net(numbers, codes, members), label[:, None])
            self._sums[members] += loss.sum(0)
            self._counts[members] += len(label)

    def on_validation_epoch_end(self) -> None:
        """Let members go that are at their end, and stop after the last one."""
        stack = self.stack
        stack.note(self._sums / self._counts)
        report = self._plan.report
        pruned: Sequence[int] = []
        if report:
            pruned = report(self.current_epoch, stack.group_losses(), stack.moving())
        ended = stack.ended(pruned)
        # Lightning's processes cannot go on with a net of another size.
        # They stop together, or one would wait for the others.
        if self.trainer.strategy.reduce_boolean_decision(bool(ended.all())):
            self.trainer.should_stop = True
        elif ended.any() and self.trainer.world_size == 1:
            stack.keep(~ended)

    def on_train_end(self) -> None:
        """Give the best weights back; here, since a spawned process ends after it."""
        self.stack.finish()


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
    rows: Rows,
    groups: Sequence[NetSettings],
    hold: Tensor,
    *,
    settings: FitSettings,
    seed: int,
    report: Report | None = None,
) -> None:
    """Fit a net in place, each member up to its pass of least held-out log loss.

    Args:
        net: The net; holds each member's best weights afterwards, on the host.
        rows: Rows to fit on; labels known.
        groups: Settings of the members, one entry for `members` of them.
        hold: int64, (members,): the fold that each member holds out.
        settings: How and where.
        seed: Of the order of the rows and of dropout.
        report: Told of each pass; says which groups are to end.
    """
    batch_rows, n_epochs = (
        _batch_rows(len(rows), settings),
        _epochs(len(rows), settings),
    )
    n_steps = n_epochs * math.ceil(len(rows) / batch_rows)
    plan = Plan(groups, hold, n_steps, settings.patience, report)
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        trainer = _trainer(settings, n_epochs)
        data = RowsModule(rows, hold, batch_rows, seed)
        trainer.fit(NetModule(net, plan), datamodule=data)
    net.to("cpu").eval()


def _trainer(settings: FitSettings, n_epochs: int) -> pl.Trainer:
    on_gpu = settings.accelerator != "cpu" and torch.cuda.is_available()
    precision = settings.precision
    if precision == "auto":
        precision = "bf16-mixed" if on_gpu else "32-true"
    return pl.Trainer(
        accelerator=settings.accelerator,
        devices=settings.devices,
        strategy=settings.strategy,
        precision=precision,  # type: ignore[arg-type]
        max_epochs=n_epochs,
        callbacks=[LeaveGroup()],
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


def _epochs(n_rows: int, settings: FitSettings) -> int:
    """Return the passes over the rows: fewer on large tables."""
    wanted = max(_MIN_EPOCHS, settings.max_rows_seen // n_rows)
    return min(settings.max_epochs, wanted)


def _log_losses(logits: Tensor, target: Tensor) -> Tensor:
    """Return each row's log loss by each member, float32, (n_rows, members)."""
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(
        logits, target.expand_as(logits), reduction="none"
    )


@contextmanager
def quiet() -> Iterator[None]:
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
