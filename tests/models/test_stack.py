from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from churn_pipeline.models.encoding import learn_encoding
from churn_pipeline.models.net import EnsembleNet
from churn_pipeline.models.stack import MembersAdamW
from tests.models.company import SMALL_NET

QUICK = replace(SMALL_NET, members=2, learning_rate=0.02, weight_decay=1.0)
SLOW = replace(SMALL_NET, members=1, learning_rate=0.003, weight_decay=0.1)


def a_net() -> EnsembleNet:
    numbers = np.arange(40, dtype=np.float32).reshape(20, 2)
    codes = np.arange(20)[:, None] % 3
    learnt = learn_encoding(numbers, codes, n_codes=(3,), n_bins=4)
    torch.manual_seed(0)
    return EnsembleNet(learnt, [QUICK, SLOW], 0.0)


def torchs(net: EnsembleNet, member: int) -> tuple[torch.optim.AdamW, list]:
    """Return torch's AdamW of copies of one member's parameters, and the copies."""
    own = QUICK if member < QUICK.members else SLOW
    copies = {n: p.detach()[member].clone() for n, p in net.named_parameters()}
    groups = [
        {
            "params": [p for n, p in copies.items() if n.endswith("bias") is is_bias],
            "weight_decay": 0.0 if is_bias else own.weight_decay,
        }
        for is_bias in (False, True)
    ]
    return torch.optim.AdamW(groups, lr=own.learning_rate), list(copies.values())


def test_each_member_is_stepped_as_torchs_adamw_would_at_its_rate_and_decay():
    net = a_net()
    theirs = [torchs(net, member) for member in range(3)]
    ours = MembersAdamW(net, [QUICK, SLOW])
    left = torch.tensor([True, True, True])
    for step in range(7):
        if step == 4:  # the second member leaves
            left[1] = False
            ours.keep(left)
            del theirs[1]
        share = 1 - step / 7
        ours.param_groups[0]["lr"] = share
        for place, parameter in enumerate(net.parameters()):
            parameter.grad = torch.randn_like(parameter)
            for row, (_, copies) in enumerate(theirs):
                copies[place].grad = parameter.grad[row].clone()
        ours.step()
        for optimizer, _ in theirs:
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("full", group["lr"]) * share
            optimizer.step()
    for row, (_, copies) in enumerate(theirs):
        for parameter, copy in zip(net.parameters(), copies, strict=True):
            torch.testing.assert_close(parameter[row], copy, atol=1e-6, rtol=1e-5)
