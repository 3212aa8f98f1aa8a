"""`kedro churn loop`: look at the newest data, decide, and do what was decided."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.canary import finish_now
from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.resume import go_on
from churn_pipeline.cli.session import dataset_name, params_option, session_of

if TYPE_CHECKING:
    from churn_pipeline.monitoring.decision import RetrainDecision
    from churn_pipeline.runs import RunRecord

WATCH = "night"
"""Pipeline of every night."""


@click.command()
@env_option
@click.option("--reason", default="", help="Make a model whatever the watch finds.")
@params_option
def loop(env: str | None, reason: str, params: dict[str, Any]) -> None:
    """Validate, score and watch the newest data; retrain or recalibrate if due.

    A canary that has gone all the way is finished first, so that what is decided is
    about who reigns then. Where the last retraining was killed, that one is gone on
    with instead of another.

    Example: kedro churn loop --env telco --reason "new tariff"
    """
    from churn_pipeline.hooks.due import ACTS

    if reason:
        params = {**params, "monitoring": {**_monitoring(params), "reason": reason}}
    reason = reason or _monitoring(params).get("reason", "")
    _finish(env)
    _run(WATCH, env, params)
    decided = _decided(env)
    pipeline = {action: name for name, action in ACTS.items()}.get(decided.action)
    if begun := _killed(env):
        go_on(env, begun)
    elif pipeline is None:
        click.echo(decided.in_words)
    elif decided.when == "ask" and not reason:
        click.echo(f"{decided.in_words}\nto do it: {_by_hand(pipeline, env, decided)}")
    else:
        _run(pipeline, env, params)


def _monitoring(params: dict[str, Any]) -> dict[str, Any]:
    """Return what parameters say of `monitoring`."""
    return dict(params.get("monitoring") or {})


def _run(pipeline: str, env: str | None, params: dict[str, Any]) -> None:
    session_of(env, params=params).run(pipeline_names=[pipeline])


def _finish(env: str | None) -> None:
    """Do what is to be done after a canary; a refusal does not stop the loop."""
    try:
        told = finish_now(env)
    except click.ClickException as error:
        told = f"the canary is not finished: {error.message}"
    if told:
        click.echo(told)


def _killed(env: str | None) -> RunRecord | None:
    """Return the last retraining or recalibration where it was killed."""
    from churn_pipeline.hooks.due import ACTS
    from churn_pipeline.runs import killed

    dataset = dataset_name(session_of(env).load_context())
    found = (killed(project_folder(), dataset, pipeline) for pipeline in ACTS)
    return max((r for r in found if r), key=lambda r: r.version, default=None)


def _decided(env: str | None) -> RetrainDecision:
    """Return the newest decision."""
    from churn_pipeline.monitoring.decision import RetrainDecision

    catalog = session_of(env).load_context().catalog
    return RetrainDecision.model_validate(catalog.load("retraining_decision"))


def _by_hand(pipeline: str, env: str | None, decided: RetrainDecision) -> str:
    """Return the command that carries a decision out."""
    why = "; ".join(reason.kind.replace("_", " ") for reason in decided.reasons)
    asked = shlex.quote(f"monitoring.reason={why}")
    place = f" --env {env}" if env else ""
    return f"kedro run{place} --pipelines {pipeline} --params {asked}"
