"""`kedro churn loop`: look at the newest data, decide, and do what was decided."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder

if TYPE_CHECKING:
    from kedro.framework.session import KedroSession

    from churn_pipeline.monitoring.decision import RetrainDecision

WATCH = "night"
"""Pipeline of every night."""


@click.command()
@env_option
@click.option("--reason", default="", help="Make a model whatever the watch finds.")
def loop(env: str | None, reason: str) -> None:
    """Validate, score and watch the newest data; retrain or recalibrate if due.

    A run that was killed goes on with `kedro churn resume`.

    Example: kedro churn loop --env telco --reason "new tariff"
    """
    from churn_pipeline.hooks.due import ACTS

    _session(env, reason).run(pipeline_names=[WATCH])
    decided = _decided(env)
    pipeline = {action: name for name, action in ACTS.items()}.get(decided.action)
    if pipeline is None:
        click.echo(decided.in_words)
    elif decided.when == "ask" and not reason:
        click.echo(f"{decided.in_words}\nto do it: {_by_hand(pipeline, env, decided)}")
    else:
        _session(env, reason).run(pipeline_names=[pipeline])


def _session(env: str | None, reason: str) -> KedroSession:
    from kedro.framework.session import KedroSession

    params: dict[str, Any] | None = {"monitoring": {"reason": reason}}
    return KedroSession.create(
        project_folder(), env=env, runtime_params=params if reason else None
    )


def _decided(env: str | None) -> RetrainDecision:
    """Return the newest decision."""
    from churn_pipeline.monitoring.decision import RetrainDecision

    catalog = _session(env, "").load_context().catalog
    return RetrainDecision.model_validate(catalog.load("retraining_decision"))


def _by_hand(pipeline: str, env: str | None, decided: RetrainDecision) -> str:
    """Return the command that carries a decision out."""
    why = "; ".join(reason.kind.replace("_", " ") for reason in decided.reasons)
    asked = shlex.quote(f"monitoring.reason={why}")
    place = f" --env {env}" if env else ""
    return f"kedro run{place} --pipelines {pipeline} --params {asked}"
