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

    - Input: bins float32 (n_rows, n_used, n_bins + 2), places int64 (n_rows, n_texts)
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
    text: Tensor

    def __init__(self, encoding: Encoding, members: int, units: int) -> None:
        """Draw the units' weights; the linear part starts at 0."""
        super().__init__()
        for name in ("column", "fill", "low", "high", "left", "inverse_width", "gap"):
            self.register_buffer(name, torch.from_numpy(getattr(encoding, name)))
        sizes = [len(seen) for seen in encoding.seen]
        offset = torch.tensor([0, *sizes[:-1]] if sizes else [], dtype=torch.int64)
        self.register_buffer("offset", offset.cumsum(0))
        text = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes).long())
        self.register_buffer("text", text, persistent=False)
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

    def encode(self, numbers: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return rows as `forward` reads them; the same for all members and passes.

        Args:
            numbers: float32, (n_rows, n_numbers).
            codes: int64, (n_rows, n_texts).

        Returns:
            Bins, and each code's place in the table. A number's bins are in [0, 1]; the
            last but one says whether it is missing, where training had such rows, and
            the last one is 1, for the bias.
        """
        used = numbers[:, self.column]
        missing = used.isnan()
        filled = torch.where(missing, self.fill, used).clamp(self.low, self.high)
        bins = (filled[:, :, None] - self.left) * self.inverse_width
        gaps = missing.to(bins.dtype) * self.gap
        ends = torch.stack([gaps, torch.ones_like(gaps)], dim=2)
        return torch.cat([bins.clamp(0.0, 1.0), ends], dim=2), codes + self.offset

    def forward(
        self, bins: Tensor, places: Tensor, members: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return some members' units and linear parts."""
        n_used = bins.shape[1]
        bias, of_texts = _of(self.bias, members).tensor_split([n_used], dim=1)
        weight = torch.cat([_of(self.weight, members), bias[:, :, None]], dim=2)
        table = _of(self.table, members) + of_texts.index_select(1, self.text)
        sizes = [self.table.shape[2] - 1, 1]
        of_bins, line = torch.split(weight, sizes, dim=-1)  # (k, n_used, bins, …)
        of_codes, level = torch.split(table, sizes, dim=-1)  # (k, n_codes, …)
        # One multiplication and one look-up a feature for all members.
        found = torch.bmm(bins.transpose(0, 1), of_bins.permute(1, 2, 0, 3).flatten(2))
        rows = functional.embedding(
            places.T, of_codes.relu().transpose(0, 1).flatten(1)
        )
        units = torch.cat([found.relu_(), rows])  # (features, n, k * units)
        units = units.view(*units.shape[:2], len(bias), -1).permute(2, 1, 0, 3)
        levels = functional.embedding(places, level.squeeze(2).T).sum(dim=1)
        return units.flatten(2), bins.flatten(1) @ line.flatten(1).T + levels


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

    def forward(self, x: Tensor, members: Tensor | None) -> Tensor:
        """Return the output of some members' layers, or of all where None."""
        weight, bias = _of(self.weight, members), _of(self.bias, members)
        if weight.shape[2] == 1:
            # Five times as quick as batched products with one column each.
            return (x * weight.transpose(1, 2)).sum(dim=2, keepdim=True) + bias
        return torch.baddbmm(bias, x, weight)


def _of(parameter: Tensor, members: Tensor | None) -> Tensor:
    return parameter if members is None else parameter[members]


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
        self, numbers: Tensor, codes: Tensor, members: Tensor | None = None
    ) -> Tensor:
        """Return the logits of some members, or of all."""
        return self.logits(*self.embedding.encode(numbers, codes), members)

    def logits(
        self, bins: Tensor, places: Tensor, members: Tensor | None = None
    ) -> Tensor:
        """Return the logits of rows that `embedding.encode` has encoded."""
        x, linear = self.embedding(bins, places, members)
        for layer in self.hidden:
            x = self._drop(layer(x, members).relu_())
        out: Tensor = self.last(x, members).squeeze(-1).T + linear
        return out

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
        drawn = torch.rand(x.shape[1:], device=x.device)
        # Written as numbers at once: a mask of bools takes passes more to convert.
        gain = x.new_empty(len(self.dropout), *drawn.shape)
        torch.ge(drawn, self.dropout, out=gain)
        return x * gain.div_(1 - self.dropout)
