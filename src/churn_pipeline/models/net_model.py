"""The fitted net as a model: logits, arrays and its ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from churn_pipeline.models.calibration import Floats, fit_slope, to_logit
from churn_pipeline.models.classifier import CrossFitted, Rows
from churn_pipeline.models.encoding import learn_encoding
from churn_pipeline.models.fit import Report, fit_net
from churn_pipeline.models.graph import Graph
from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.net_graph import add_net
from churn_pipeline.models.settings import (
    BoostingSettings,
    FitSettings,
    NetSettings,
)
from churn_pipeline.models.teacher import teach

_BATCH = 8192
_FEWEST_TOGETHER = 2
"""Members of a fold that tell what averaging does, at least."""


@dataclass(frozen=True)
class NetModel:
    """A fitted ensemble of nets.

    Attributes:
        net: The net, on the host.
        n_numbers: Number of numeric features.
    """

    net: EnsembleNet
    n_numbers: int

    def logit(self, numbers: NDArray[np.float32], codes: NDArray[np.int64]) -> Floats:
        """Return the logit of the mean of the members' probabilities, float64."""
        return to_logit(_mean_chance(self.net, numbers, codes, None))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything learnt, by name."""
        return {name: value.numpy() for name, value in self.net.state_dict().items()}

    def add_to(self, graph: Graph) -> str:
        """Add the model to a graph; return the name of its two probabilities."""
        return add_net(graph, self.arrays(), len(self.net.hidden))


def train_net(
    rows: Rows,
    n_codes: tuple[int, ...],
    *,
    net: NetSettings,
    boosting: BoostingSettings,
    fit: FitSettings,
    seed: int,
) -> CrossFitted:
    """Return a net fit on rows, and what its members say of rows that they hold out.

    Each member is fit on all folds but one, which tells it when to stop.

    Args:
        rows: Rows to fit on, in two folds or more; labels known.
        n_codes: Number of codes of each text column.
        net: The net's settings.
        boosting: Settings of its teacher.
        fit: How and where it is fit.
        seed: The same seed on the same machine gives the same net.

    Raises:
        ValueError: There is one member.
    """
    if net.members == 1:
        raise ValueError(
            "expected members 2 or more, got 1: each holds rows out, and one alone "
            "would have none to learn; set training.net.members"
        )
    # With fewer members than folds, a member holds out several of them.
    folded = replace(rows, fold=rows.fold % net.members)
    if net.teacher:
        folds = range(folded.n_folds)
        folded = teach(folded, n_codes, folds, settings=boosting, seed=seed)
    hold = torch.arange(net.members) % folded.n_folds
    fitted = fit_groups(folded, n_codes, [net], hold, fit=fit, seed=seed)
    model = NetModel(fitted, rows.numbers.shape[1])
    return CrossFitted(model, held_out_as_of_all(fitted, folded, hold))


def held_out_as_of_all(net: EnsembleNet, rows: Rows, hold: Tensor) -> Floats:
    """Return held-out logits at the scale that the mean of all members has.

    Members that disagree make their mean timid, and that of all members more so than
    that of the few that hold a row out: a calibration learnt on the few would leave
    all of them too timid. The slope that mends the mean of `k` members is taken as
    `a + b / k`, so that of all follows from those of one member and of the few. Where
    members disagree much this falls short rather than goes too far.

    Args:
        net: The fitted net.
        rows: The rows that it was fit on.
        hold: int64, (members,): the fold that each member holds out.

    Returns:
        float64, (n_rows,); as `held_out_logit` says where a fold has one member only.
    """
    turn = torch.arange(len(hold)) // rows.n_folds
    n_turns = len(hold) // rows.n_folds  # members that every fold has, at least
    together = held_out_logit(net, rows, torch.where(turn < n_turns, hold, -1))
    logit = held_out_logit(net, rows, hold)
    if n_turns < _FEWEST_TOGETHER:
        return logit
    alone = [
        held_out_logit(net, rows, torch.where(turn == i, hold, -1))
        for i in range(n_turns)
    ]
    of_one = fit_slope(np.concatenate(alone), np.tile(rows.label, n_turns))
    of_few = fit_slope(together, rows.label)
    left = (1 / n_turns - 1 / len(hold)) / (1 - 1 / n_turns)
    # Averaging makes no ensemble bolder: less than the few have is noise.
    of_all = of_few + left * max(0.0, of_few - of_one)
    return logit * of_few / of_all


def fit_groups(
    rows: Rows,
    n_codes: tuple[int, ...],
    groups: Sequence[NetSettings],
    hold: Tensor,
    *,
    fit: FitSettings,
    seed: int,
    report: Report | None = None,
) -> EnsembleNet:
    """Return a fitted net whose members are groups, each with settings of its own.

    Args:
        rows: Rows to fit on; labels known.
        n_codes: Number of codes of each text column.
        groups: Settings, one entry for `members` of them; of one shape.
        hold: int64, (members,): the fold that each member holds out.
        fit: How and where it is fit.
        seed: Of the start and of all that is drawn.
        report: Told of each pass; says which groups are to end.
    """
    encoding = learn_encoding(
        rows.numbers, rows.codes, n_codes=n_codes, n_bins=groups[0].bins
    )
    base = float(to_logit(np.array((rows.label.sum() + 1) / (len(rows) + 2))))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = EnsembleNet(encoding, groups, base)
    fit_net(net, rows, groups, hold, settings=fit, seed=seed, report=report)
    return net


def held_out_logit(net: EnsembleNet, rows: Rows, hold: Tensor) -> Floats:
    """Return the logit of each row's mean probability by members that hold it out.

    Args:
        net: The fitted net.
        rows: The rows that it was fit on.
        hold: int64, (members,): the fold that each member holds out; members with -1
            say nothing.

    Returns:
        float64, (n_rows,); NaN in folds that no member holds out.
    """
    chance = np.full(len(rows), np.nan)
    for fold in set(hold[hold >= 0].tolist()):
        held = rows.fold == fold
        members = (hold == fold).nonzero().squeeze(1)
        part = rows.take(held)
        chance[held] = _mean_chance(net, part.numbers, part.codes, members)
    return to_logit(chance)


def _mean_chance(
    net: EnsembleNet,
    numbers: NDArray[np.float32],
    codes: NDArray[np.int64],
    members: Tensor | None,
) -> Floats:
    """Return the mean of some members' probabilities, float64, (n_rows,)."""
    out = np.empty(len(numbers))
    with torch.inference_mode():
        for start in range(0, len(numbers), _BATCH):
            rows = slice(start, start + _BATCH)
            inputs = (torch.from_numpy(part[rows]) for part in (numbers, codes))
            logits = net(*inputs, members)
            out[rows] = logits.double().sigmoid().mean(dim=1).numpy()
    return out
