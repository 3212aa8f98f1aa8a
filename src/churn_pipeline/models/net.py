"""The net: an ensemble of small nets over piecewise-linear inputs, as one program.

Source: Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep
Learning" (piecewise-linear encoding over quantiles); Gorishniy et al. 2025, "TabM"
(an ensemble inside one module, trained on the mean of the members' losses).

NOTE[DIFF]: the encoding is flat at both ends, so that a value out of every range
counts as the range's end, and members share no weights (TabM-packed). Both parts are
written here, for machines without the authors' packages; the tests compare with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from churn_pipeline.models.settings import NetSettings

_MAX_ONE_HOT = 16
_EMBEDDING_WIDTH = 8
_MAX_QUANTILE_ROWS = 200_000


@dataclass(frozen=True)
class Encoding:
    """How numbers and codes become the net's input, learnt from training rows.

    Attributes:
        column: int64, (n_bins,): numeric column of each bin.
        left: float32, (n_bins,): where the bin begins.
        inverse_width: float32, (n_bins,): 1 / its width.
        fill: float32, (n_numbers,): the median, for a missing number.
        gaps: int64, (n_gaps,): numeric columns with an input of their own for
            "missing": those that had missing and present values.
        seen: One bool array a text column: which codes training rows had.
    """

    column: NDArray[np.int64]
    left: NDArray[np.float32]
    inverse_width: NDArray[np.float32]
    fill: NDArray[np.float32]
    gaps: NDArray[np.int64]
    seen: tuple[NDArray[np.bool_], ...]


def learn_encoding(
    numbers: NDArray[np.float32],
    codes: NDArray[np.int64],
    *,
    n_codes: tuple[int, ...],
    n_bins: int,
) -> Encoding:
    """Return the encoding of training rows.

    Args:
        numbers: float32, (n_rows, n_numbers); NaN where missing.
        codes: int64, (n_rows, n_categories).
        n_codes: Number of codes of each text column.
        n_bins: Quantile bins of a number; equal quantiles are merged.
    """
    n_numbers = numbers.shape[1]
    rows = np.arange(0, len(numbers), max(1, len(numbers) // _MAX_QUANTILE_ROWS))
    edges = [_edges(numbers[rows, i], n_bins) for i in range(n_numbers)]
    widths = [np.diff(edge) for edge in edges]
    sizes = [len(width) for width in widths]
    missing = np.isnan(numbers).mean(axis=0) if len(numbers) else np.ones(n_numbers)
    fill = [_median(numbers[rows, i]) for i in range(n_numbers)]
    none = np.zeros(0, np.float32)
    return Encoding(
        column=np.repeat(np.arange(n_numbers), sizes),
        left=np.concatenate([none, *(edge[:-1] for edge in edges)]),
        inverse_width=np.concatenate([none, *(1 / width for width in widths)]),
        fill=np.array(fill, np.float32),
        gaps=np.flatnonzero((missing > 0) & (missing < 1)),
        seen=tuple(
            np.bincount(codes[:, i], minlength=size) > 0
            for i, size in enumerate(n_codes)
        ),
    )


def _edges(values: NDArray[np.float32], n_bins: int) -> NDArray[np.float32]:
    """Return the rising edges of a column's bins; none where it is constant."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(0, np.float32)
    cuts = np.quantile(known, np.linspace(0, 1, n_bins + 1), method="nearest")
    edges = np.unique(cuts.astype(np.float32))
    # A width below float32's step at this size would overflow its inverse.
    with np.errstate(over="ignore", divide="ignore"):
        wide = np.isfinite(1 / np.diff(edges))
    return edges[np.concatenate([[True], wide])] if len(edges) > 1 else edges[:0]


def _median(values: NDArray[np.float32]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0


class Encoder(nn.Module):
    """Numbers and codes to the net's input."""

    column: Tensor
    left: Tensor
    inverse_width: Tensor
    fill: Tensor
    gaps: Tensor

    def __init__(self, encoding: Encoding) -> None:
        """Take over what was learnt from training rows."""
        super().__init__()
        for name in ("column", "left", "inverse_width", "fill", "gaps"):
            self.register_buffer(name, torch.from_numpy(getattr(encoding, name)))
        tables = [_code_table(seen) for seen in encoding.seen]
        self.tables = nn.ParameterList(tables)
        self.width = (
            len(encoding.column)
            + len(encoding.gaps)
            + sum(table.shape[1] for table in tables)
        )

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """Return the input, float32, (n_rows, width), in [0, 1] but for embeddings."""
        missing = numbers.isnan()
        filled = torch.where(missing, self.fill, numbers)
        bins = (filled[:, self.column] - self.left) * self.inverse_width
        parts = [bins.clamp(0.0, 1.0), missing[:, self.gaps].to(bins.dtype)]
        parts += [table[codes[:, i]] for i, table in enumerate(self.tables)]
        return torch.cat(parts, dim=1)


def _code_table(seen: NDArray[np.bool_]) -> nn.Parameter:
    """Return one row a code: one-hot where codes are few, else a learnt embedding.

    A code without a training row is all zeros, rather than noise from the start.
    """
    known = torch.from_numpy(seen.astype(np.float32))
    if len(seen) <= _MAX_ONE_HOT:
        return nn.Parameter(torch.diag(known), requires_grad=False)
    return nn.Parameter(torch.randn(len(seen), _EMBEDDING_WIDTH) * 0.3 * known[:, None])


class StackedLinear(nn.Module):
    """`members` linear layers side by side, each on an input of its own.

    **Shape**

    - Input: (members, n_rows, n_in)
    - Output: (members, n_rows, n_out)

    Source: Gorishniy et al. 2025, `LinearEnsemble` of the package `tabm`.
    """

    def __init__(self, members: int, n_in: int, n_out: int) -> None:
        """Draw weights uniformly within 1 / sqrt(n_in), as `nn.Linear` does."""
        super().__init__()
        bound = max(1, n_in) ** -0.5
        weight = torch.empty(members, n_in, n_out).uniform_(-bound, bound)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.empty(members, 1, n_out).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return each member's output."""
        return torch.baddbmm(self.bias, x, self.weight)


class EnsembleNet(nn.Module):
    """`members` small nets side by side, each with a linear part beside its layers.

    **Shape**

    - Input: numbers float32 (n_rows, n_numbers), codes int64 (n_rows, n_categories)
    - Output: logits (n_rows, members)
    """

    def __init__(self, encoding: Encoding, settings: NetSettings, base: float) -> None:
        """Start at the base rate.

        Args:
            encoding: How rows are encoded.
            settings: Shape of the net.
            base: Logit of the churn rate of the training rows.
        """
        super().__init__()
        self.settings = settings
        self.encoder = Encoder(encoding)
        k, width = settings.members, settings.width
        # One multiplication for all members: they share the input.
        self.first = StackedLinear(1, self.encoder.width, k * width)
        self.skip = StackedLinear(1, self.encoder.width, k)
        self.hidden = nn.ModuleList(
            StackedLinear(k, width, width) for _ in range(settings.layers - 1)
        )
        self.last = StackedLinear(k, width, 1)
        nn.init.zeros_(self.skip.weight)
        nn.init.constant_(self.skip.bias, base)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """Return the members' logits."""
        inputs = self.encoder(numbers, codes)[None]  # (1, n, n_inputs)
        k, width = self.settings.members, self.settings.width
        x = self.first(inputs).view(-1, k, width).transpose(0, 1)  # (k, n, width)
        x = self._drop(x.relu())
        for layer in self.hidden:
            x = self._drop(layer(x).relu())
        logits: Tensor = self.last(x).squeeze(-1).T + self.skip(inputs)[0]  # (n, k)
        return logits

    def _drop(self, x: Tensor) -> Tensor:
        """Drop units, one mask for all members: drawing it is a large part of a step.

        Members have weights of their own, so a shared position joins no units.
        """
        share = self.settings.dropout
        if not self.training or share == 0:
            return x
        mask = torch.rand(x.shape[1:], device=x.device) >= share
        return x * (mask / (1 - share)).to(x.dtype)
