"""The net: an ensemble of small nets over piecewise-linear inputs, as one program.

Source: Gorishniy et al. 2025, "TabM" (an ensemble inside one module).

NOTE[DIFF]: members share no weights (TabM-packed), so that each may have rows held
out, a learning rate, a decay and an end of its own: the members of one fit, or those
of many trials. The parts are written here, for machines without the authors'
packages; the tests compare with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from churn_pipeline.models.encoding import Encoding
from churn_pipeline.models.settings import NetSettings


class Embedding(nn.Module):
    """Each feature by itself to a few units of each member, and to a linear part.

    A number's units are piecewise linear in it, a text's are those of its code.

    **Shape**

    - Input: numbers float32 (n_rows, n_numbers), codes int64 (n_rows, n_categories)
    - Output: units (members, n_rows, width), linear part (n_rows, members)

    Source: Gorishniy et al. 2022, piecewise-linear encoding, linear layer and ReLU.
    """

    column: Tensor
    fill: Tensor
    low: Tensor
    high: Tensor
    left: Tensor
    inverse_width: Tensor
    gap: Tensor
    offset: Tensor

    def __init__(self, encoding: Encoding, members: int, units: int) -> None:
        """Draw the units' weights; the linear part starts at 0."""
        super().__init__()
        for name in ("column", "fill", "low", "high", "left", "inverse_width", "gap"):
            self.register_buffer(name, torch.from_numpy(getattr(encoding, name)))
        sizes = [len(seen) for seen in encoding.seen]
        offset = torch.tensor([0, *sizes[:-1]] if sizes else [], dtype=torch.int64)
        self.register_buffer("offset", offset.cumsum(0))
        n_used, n_bins = encoding.left.shape
        self.width = (n_used + len(sizes)) * units
        # The last channel is the linear part.
        inputs = (encoding.inverse_width > 0).sum(axis=1) + encoding.gap
        bound = torch.from_numpy(np.maximum(1, inputs).astype(np.float32)).rsqrt()
        weight = torch.empty(members, n_used, n_bins + 1, units + 1).uniform_(-1, 1)
        self.weight = nn.Parameter(weight * bound[:, None, None])
        bias = torch.empty(members, n_used + len(sizes), units + 1).uniform_(-1, 1)
        self.bias = nn.Parameter(
            bias * torch.cat([bound, torch.ones(len(sizes))])[:, None]
        )
        table = torch.empty(members, sum(sizes), units + 1).uniform_(-1, 1)
        # A code without a training row adds nothing, rather than noise.
        seen = np.concatenate([np.zeros(0, bool), *encoding.seen])
        self.table = nn.Parameter(table * torch.from_numpy(seen)[:, None])
        with torch.no_grad():
            for part in self.parameters():
                part[..., -1] = 0

    def bins(self, numbers: Tensor) -> Tensor:
        """Return the numbers' bins, float32, (n_used, n_rows, n_bins + 1), in [0, 1].

        The last one says whether the number is missing, where training had such rows.
        """
        used = numbers[:, self.column].T
        missing = used.isnan()
        filled = torch.where(missing, self.fill[:, None], used)
        filled = filled.clamp(self.low[:, None], self.high[:, None])
        bins = (filled[:, :, None] - self.left[:, None]) * self.inverse_width[:, None]
        gaps = missing.to(bins.dtype) * self.gap[:, None]
        return torch.cat([bins.clamp(0.0, 1.0), gaps[:, :, None]], dim=2)

    def forward(
        self, numbers: Tensor, codes: Tensor, members: Tensor | slice
    ) -> tuple[Tensor, Tensor]:
        """Return some members' units and linear parts."""
        # One multiplication a number for all members.
        weight = self.weight[members].permute(1, 2, 0, 3)  # (n_used, bins, k, units)
        channels = weight.shape[2:]
        of_numbers = torch.bmm(self.bins(numbers), weight.flatten(2))
        table = self.table[members].transpose(0, 1).flatten(1)
        of_codes = functional.embedding((codes + self.offset).T, table)
        found = torch.cat([of_numbers, of_codes])
        found = found.view(*found.shape[:2], *channels)
        found = found + self.bias[members].transpose(0, 1)[:, None]
        units = found[..., :-1].relu().permute(2, 1, 0, 3)  # (k, n, features, units)
        return units.flatten(2), found[..., -1].sum(dim=0)


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
        self.weight = nn.Parameter(_drawn((members, n_in, n_out), n_in))
        self.bias = nn.Parameter(_drawn((members, 1, n_out), n_in))

    def forward(self, x: Tensor, members: Tensor | slice) -> Tensor:
        """Return the output of some members' layers."""
        return torch.baddbmm(self.bias[members], x, self.weight[members])


def _drawn(shape: tuple[int, ...], n_in: int) -> Tensor:
    bound = max(1, n_in) ** -0.5
    return torch.empty(shape).uniform_(-bound, bound)


class EnsembleNet(nn.Module):
    """Small nets side by side, each with a linear part beside its layers.

    **Shape**

    - Input: numbers float32 (n_rows, n_numbers), codes int64 (n_rows, n_categories)
    - Output: logits (n_rows, members)

    The first dimension of every parameter is the member.
    """

    dropout: Tensor

    def __init__(
        self, encoding: Encoding, groups: Sequence[NetSettings], base: float
    ) -> None:
        """Start at the base rate.

        Args:
            encoding: How rows are encoded.
            groups: Settings of the members, one entry for `members` of them; width
                and layers are those of the first.
            base: Logit of the churn rate of the training rows.
        """
        super().__init__()
        shares = [group.dropout for group in groups for _ in range(group.members)]
        one = len(set(shares)) == 1  # one mask for all is drawn and applied at once
        self.drops = any(shares)
        share = torch.tensor(shares[:1] if one else shares)[:, None, None]
        self.register_buffer("dropout", share, persistent=False)
        k, shape = len(shares), groups[0]
        self.embedding = Embedding(encoding, k, shape.units)
        widths = [self.embedding.width, *[shape.width] * shape.layers]
        self.hidden = nn.ModuleList(
            StackedLinear(k, n_in, n_out) for n_in, n_out in pairwise(widths)
        )
        self.last = StackedLinear(k, shape.width, 1)
        nn.init.constant_(self.last.bias, base)

    def forward(
        self, numbers: Tensor, codes: Tensor, members: Tensor | slice = slice(None)
    ) -> Tensor:
        """Return the logits of some members, or of all."""
        x, linear = self.embedding(numbers, codes, members)
        for layer in self.hidden:
            x = self._drop(layer(x, members).relu())
        logits: Tensor = self.last(x, members).squeeze(-1).T + linear
        return logits

    def keep_dropout(self, kept: Tensor) -> None:
        """Keep the shares of the members that are kept, bool, (members,)."""
        if len(self.dropout) > 1:
            self.dropout = self.dropout[kept]

    def _drop(self, x: Tensor) -> Tensor:
        """Drop units, one draw for all members: drawing is a large part of a step.

        Members have weights of their own, so a shared position joins no units.
        """
        if not self.training or not self.drops:
            return x
        kept = torch.rand(x.shape[1:], device=x.device) >= self.dropout
        return x * (kept / (1 - self.dropout)).to(x.dtype)
