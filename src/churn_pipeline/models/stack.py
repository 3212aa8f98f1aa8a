"""The members of a net under training: each with rows, a pace and an end of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.settings import NetSettings

_WARM_UP_STEPS = 20
_STATE = ("exp_avg", "exp_avg_sq")
"""What AdamW keeps of a parameter, in its shape."""


class Stack:
    """A net's members under training.

    A member that gets no better leaves, and takes no more time; its best weights
    come back at the end.

    Attributes:
        active: int64, (k,): the members still in training, by place in the net.
        hold: int64, (k,): the fold that each of them holds out.
        best_loss: float32, (members,): each member's least held-out log loss; inf
            where none was finite.
    """

    def __init__(
        self,
        net: EnsembleNet,
        groups: Sequence[NetSettings],
        hold: Tensor,
        *,
        patience: int,
    ) -> None:
        """Start with all members.

        Args:
            net: The net, on its device.
            groups: Settings of the members, one entry for `members` of them.
            hold: int64, (members,): the fold that each member holds out.
            patience: Passes without a better loss before a member leaves.
        """
        device = net.last.bias.device
        counts = torch.tensor([group.members for group in groups], device=device)
        members = len(hold)
        self.hold = hold.to(device)
        self.active = torch.arange(members, device=device)
        self.best_loss = torch.full((members,), math.inf, device=device)
        self.optimizer, self._pieces = _adamw(net, groups)
        self._net = net
        self._patience = patience
        self._group = torch.arange(len(groups), device=device)
        self._group = self._group.repeat_interleave(counts)
        self._waited = torch.zeros(members, dtype=torch.int64, device=device)
        self._best = {n: p.detach().clone() for n, p in net.named_parameters()}

    def note(self, loss: Tensor) -> None:
        """Take the active members' held-out log losses after a pass.

        Args:
            loss: float32, (k,).
        """
        better = loss < self.best_loss[self.active]
        improved = self.active[better]
        self.best_loss[improved] = loss[better]
        for name, parameter in self._net.named_parameters():
            self._best[name][improved] = parameter.detach()[better]
        self._waited[self.active] += 1
        self._waited[improved] = 0

    def group_losses(self) -> list[float]:
        """Return the mean of the members' least losses, by group."""
        n_groups = int(self._group[-1]) + 1
        sums = torch.zeros(n_groups, device=self.best_loss.device)
        sums.index_add_(0, self._group, self.best_loss)
        return (sums / self._group.bincount()).tolist()

    def ended(self, pruned: Sequence[int]) -> Tensor:
        """Return which active members are at their end, bool, (k,).

        Args:
            pruned: Groups that are to end.
        """
        ends = self._waited[self.active] >= self._patience
        given_up = torch.tensor(pruned, dtype=torch.int64, device=ends.device)
        return ends | torch.isin(self._group[self.active], given_up)

    def keep(self, kept: Tensor) -> None:
        """Go on with some of the active members only.

        Args:
            kept: bool, (k,).
        """
        group = self._group[self.active]
        for parameter in self._net.parameters():
            parameter.data = parameter.data[kept]
            parameter.grad = torch.zeros_like(parameter.data)
        left = group[kept]
        for number, pieces in enumerate(self._pieces):
            self._cut(pieces, kept[group == number], left == number)
        self.active, self.hold = self.active[kept], self.hold[kept]
        self._net.keep_dropout(kept)

    def finish(self) -> None:
        """Give every member its best weights back."""
        for name, parameter in self._net.named_parameters():
            parameter.data = self._best[name]
            parameter.grad = None

    def _cut(self, pieces: list[nn.Parameter], kept: Tensor, rows: Tensor) -> None:
        """Point a group's pieces at its place in the smaller net."""
        place = _span(rows)
        for piece, parameter in zip(pieces, self._net.parameters()):
            piece.data = parameter.data[place]
            piece.grad = _gradient(parameter)[place]
            for name in _STATE:
                if piece in self.optimizer.state:
                    state = self.optimizer.state[piece]
                    state[name] = state[name][kept]


def schedule(optimizer: torch.optim.Optimizer, n_steps: int) -> object:
    """Return the learning rate's course: a short rise, then a cosine's fall to 0."""

    def share(step: int) -> float:
        rise = min(1.0, (step + 1) / _WARM_UP_STEPS)
        return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, step / n_steps)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)


def _adamw(
    net: EnsembleNet, groups: Sequence[NetSettings]
) -> tuple[torch.optim.AdamW, list[list[nn.Parameter]]]:
    """Return AdamW, and the pieces of the net's parameters that each group owns.

    A piece is a view: one pass fills the gradients of all groups, and each is
    stepped at its own rate.
    """
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter.data)
    settings, pieces, start = [], [], 0
    for group in groups:
        members = slice(start, start + group.members)
        own = {name: _piece(p, members) for name, p in net.named_parameters()}
        settings += [
            {
                "params": [p for n, p in own.items() if n.endswith("bias") == is_bias],
                "lr": group.learning_rate,
                "weight_decay": 0.0 if is_bias else group.weight_decay,
            }
            for is_bias in (False, True)
        ]
        pieces.append(list(own.values()))
        start = members.stop
    return torch.optim.AdamW(settings, fused=True), pieces


def _piece(parameter: nn.Parameter, members: slice) -> nn.Parameter:
    piece = nn.Parameter(parameter.data[members])
    piece.grad = _gradient(parameter)[members]
    return piece


def _gradient(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        raise RuntimeError("a stack's gradients are kept from step to step")
    return parameter.grad


def _span(rows: Tensor) -> slice:
    """Return the one run of true values as a slice."""
    first = int(rows.int().argmax())
    return slice(first, first + int(rows.sum()))
