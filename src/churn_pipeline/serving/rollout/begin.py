"""The canary of a model that has just been made: how it begins, and how it ends."""

from __future__ import annotations

from pathlib import Path

from churn_pipeline.serving.rollout.spec import Canary, RolloutChange
from churn_pipeline.serving.rollout.state import Rollout


def begin_canary(path: Path, challenger: str, plan: Canary, *, who: str) -> str:
    """Try a model on a share of the customers that goes up by itself.

    Nobody's experiment is ended by it, and none is begun twice.

    Args:
        path: `rollout.json` of the service.
        challenger: Version of the model, which has passed its gate.
        plan: The steps.
        who: Name that goes to the ledger of the rollout.

    Returns:
        What was done, as one line.

    Raises:
        ValueError: The files of the rollout cannot be read, or were altered.
    """
    rollout = Rollout(path)
    state = rollout.state
    if state.challenger == challenger:
        return f"the canary of {challenger} was begun at {state.time}"
    if state.challenger is not None and state.percentage:
        return (
            f"no canary of {challenger}: {state.challenger} is tried on "
            f"{state.percentage:g} % of the customers; end that, then `kedro churn "
            f"rollout set --challenger {challenger} --canary "
            f"{','.join(f'{step:g}' for step in plan.steps)} --reason WHY`"
        )
    change = RolloutChange(
        version=state.version,
        challenger=challenger,
        percentage=plan.steps[0],
        experiment="",
        canary=plan,
    )
    rollout.update(change, who=who, why="passed its gate, policy canary")
    return f"{challenger} is tried on {plan.steps[0]:g} % of the customers from now on"


def end_canary(rollout: Rollout, *, who: str, why: str) -> str:
    """End the experiment of a challenger, which no customer gets any more as such.

    Args:
        rollout: The rollout in force.
        who: Name that goes to its ledger.
        why: Why, as what may follow the challenger's name.

    Returns:
        What was done, as one line.
    """
    state = rollout.state
    change = RolloutChange(
        version=state.version, challenger=None, percentage=0.0, canary=None
    )
    rollout.update(change, who=who, why=why)
    return f"{state.challenger} {why}; its experiment has ended"
