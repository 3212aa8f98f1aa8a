"""The members of a net under training: each with rows, a pace and an end of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.settings import NetSettings

_WARM_UP_STEPS = 20


class MembersAdamW(torch.optim.AdamW):
    """AdamW with a learning rate and a decay of each member, in one group.

    Torch's fused kernel steps the moves of all members at rate 1; each member's
    parameters then take its rate's share of them. A group for each rate would cost
    more time in Python than the kernel takes.
    """

    def __init__(self, net: EnsembleNet, groups: Sequence[NetSettings]) -> None:
        """Take the parameters; biases do not decay.

        Args:
            net: The net, on its device.
            groups: Settings of the members, one entry for `members` of them.
        """
        self._named = dict(net.named_parameters())
        self._moves = {n: p.detach().clone() for n, p in self._named.items()}
        super().__init__(self._moves.values(), lr=1.0, weight_decay=0.0, fused=True)
        each = [group for group in groups for _ in range(group.members)]
        like = net.last.bias
        self._rate = like.new_tensor([group.learning_rate for group in each])
        self._decay = like.new_tensor([group.weight_decay for group in each])

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take a step; the closure, where there is one, fills the gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        decay = -self.param_groups[0]["lr"] * self._decay
        for name, parameter in self._named.items():
            move = self._moves[name]
            move.grad = parameter.grad
            if name.endswith("bias"):
                move.zero_()
            else:
                torch.mul(parameter, _over(decay, move), out=move)
        super().step()
        for name, parameter in self._named.items():
            move = self._moves[name]
            parameter.addcmul_(move, _over(self._rate, move))
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the parameters' gradients."""
        for parameter in self._named.values():
            parameter.grad = None

    def keep(self, kept: Tensor) -> None:
        """Go on with some of the members only.

        Args:
            kept: bool, (k,).
        """
        for name, parameter in self._named.items():
            move = self._moves[name]
            state = self.state[move]
            parameter.data, parameter.grad = parameter.data[kept], None
            move.data, move.grad = move.data[kept], None
            for part in ("exp_avg", "exp_avg_sq"):
                if part in state:
                    state[part] = state[part][kept]
        self._rate, self._decay = self._rate[kept], self._decay[kept]


def _over(value: Tensor, like: Tensor) -> Tensor:
    """Return a value a member in the shape that scales its parameters."""
    return value.view(-1, *[1] * (like.dim() - 1))


class Stack:
    """A net's members under training.

    A member that gets no better leaves, and takes no more time; its best weights
    come back at the end.

    Attributes:
        active: int64, (k,): the members still in training, by place in the net.
        hold: int64, (k,): the fold that each of them holds out.
        teacher: float32, (k,): the teacher's share in what each of them learns.
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
        shares = torch.tensor([group.teacher for group in groups], device=device)
        self.teacher = shares.repeat_interleave(counts)
        self.active = torch.arange(members, device=device)
        self.best_loss = torch.full((members,), math.inf, device=device)
        self.optimizer = MembersAdamW(net, groups)
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

    def moving(self) -> list[int]:
        """Return the groups that have active members, ascending."""
        return sorted(set(self._group[self.active].tolist()))

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
        self.optimizer.keep(kept)
        self.active, self.hold = self.active[kept], self.hold[kept]
        self.teacher = self.teacher[kept]
        self._net.keep_dropout(kept)

    def finish(self) -> None:
        """Give every member its best weights back."""
        for name, parameter in self._net.named_parameters():
            parameter.data = self._best[name]
            parameter.grad = None


def schedule(optimizer: torch.optim.Optimizer, n_steps: int) -> object:
    """Return the learning rate's course: a short rise, then a cosine's fall to 0."""

    def share(step: int) -> float:
        rise = min(1.0, (step + 1) / _WARM_UP_STEPS)
        return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, step / n_steps)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)
