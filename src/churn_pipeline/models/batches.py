"""Rows as Lightning reads them: tensors stay on the device, batches are slices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from churn_pipeline.models.classifier import Rows

Tensors = tuple[Tensor, ...]

_HELD_OUT_BATCH = 8192
_MAX_HELD_OUT = 50_000
"""Rows of a fold that tell when to stop; more would say the same."""


class Batches:
    """Batches of rows that lie on the device: slices of a fresh permutation."""

    def __init__(self, tensors: Tensors, batch_rows: int, *, seed: int) -> None:
        """Take the rows.

        Args:
            tensors: Tensors of one length, on the device.
            batch_rows: Rows of a batch; the last one may have fewer.
            seed: Of the permutations.
        """
        self._tensors = tensors
        self._batch_rows = batch_rows
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self._tensors[0]) / self._batch_rows)

    def __iter__(self) -> Iterator[Tensors]:
        """Yield one pass over the rows."""
        n_rows = len(self._tensors[0])
        generator = torch.Generator().manual_seed(self._seed + self._epoch)
        order = torch.randperm(n_rows, generator=generator)
        self._epoch += 1
        order = order.to(self._tensors[0].device)
        for rows in torch.split(order, self._batch_rows):
            yield tuple(tensor[rows] for tensor in self._tensors)


class HeldOut:
    """The rows of each fold in turn, in batches that lie on the device."""

    def __init__(
        self, tensors: Tensors, folds: Sequence[int], device: torch.device
    ) -> None:
        """Take the rows.

        Args:
            tensors: Of the rows, on the host, so that no second copy of a large table
                goes to the device; the fold last.
            folds: The folds whose rows are wanted.
            device: Where they are wanted.
        """
        *_, fold = tensors
        self._parts = []
        for number in folds:
            rows = (fold == number).nonzero().squeeze(1)
            rows = rows[:: math.ceil(len(rows) / _MAX_HELD_OUT)]
            for part in torch.split(rows, _HELD_OUT_BATCH):
                self._parts.append(tuple(t[part].to(device) for t in tensors))

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._parts)

    def __iter__(self) -> Iterator[Tensors]:
        """Yield the batches, each of rows of one fold."""
        return iter(self._parts)


class RowsModule(pl.LightningDataModule):
    """The rows, moved to each process's device once."""

    def __init__(self, rows: Rows, hold: Tensor, batch_rows: int, seed: int) -> None:
        """Take the rows, which stay on the host until the fit begins."""
        super().__init__()
        self._rows = rows
        self._folds = sorted(set(hold.tolist()))
        self._batch_rows = batch_rows
        self._seed = seed

    def train_dataloader(self) -> Batches:
        """Return this process's share of the rows."""
        world = self._fit.world_size
        # Every process takes as many steps: they wait for each other's gradients.
        n_rows = len(self._rows) // world * world
        share = slice(self._fit.global_rank, n_rows, world)
        tensors = _tensors(self._rows.take(share), self._device)
        return Batches(tensors, math.ceil(self._batch_rows / world), seed=self._seed)

    def val_dataloader(self) -> HeldOut:
        """Return the rows of each fold that is held out."""
        tensors = _tensors(self._rows, torch.device("cpu"))
        return HeldOut(tensors, self._folds, self._device)

    @property
    def _device(self) -> torch.device:
        return self._fit.strategy.root_device

    @property
    def _fit(self) -> pl.Trainer:
        if self.trainer is None:
            raise RuntimeError("the rows have no device before Lightning's fit begins")
        return self.trainer


def _tensors(rows: Rows, device: torch.device) -> Tensors:
    taught = rows.taught
    if taught is None:
        taught = np.empty((len(rows), 0), np.float32)
    label = rows.label.astype(np.float32)
    arrays = (rows.numbers, rows.codes, label, taught, rows.fold)
    return tuple(torch.from_numpy(array).to(device) for array in arrays)
