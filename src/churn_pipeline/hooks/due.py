"""Lets a retraining run where the last watch decided so, or somebody gives a reason."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.hooks import hook_impl

from churn_pipeline.runs import began, killed

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol

logger = logging.getLogger(__name__)

ACTS = {"retraining": "retrain", "recalibration": "recalibrate"}
"""Pipeline -> the action that it carries out."""
_PARTS = ("node_names", "from_nodes", "to_nodes", "tags", "namespaces")


class NotDecidedError(RuntimeError):
    """Nobody decided to make a model now, and nobody gave a reason."""


class KilledError(RuntimeError):
    """A retraining was begun, and killed: it is gone on with, not done again."""


class DueHook:
    """Ends a run of `retraining` or `recalibration` that there is no reason for.

    A run of some of the nodes is let pass: a resumed one goes on, and a scheduler that
    runs them one by one has looked before the first.
    """

    def __init__(self) -> None:
        self._project, self._dataset = Path(), ""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Take note of where the records of the data set's runs lie."""
        self._project = Path(context.project_path)
        self._dataset = context.config_loader["globals"]["dataset"]["name"]

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Go on, or say that nothing is to be done and end the command well.

        Raises:
            NotDecidedError: There is no decision about who reigns, and no reason.
            KilledError: The last such run was killed, and can be gone on with.
            Exit: Nothing is to be done.
        """
        asked = set(run_params.get("pipeline_names") or ()) & set(ACTS)
        if not asked or any(run_params.get(part) for part in _PARTS):
            return
        if catalog.load("params:monitoring.reason"):
            return
        pipeline = asked.pop()
        self._refuse_twice(pipeline)
        idle = why_not(catalog, ACTS[pipeline])
        if idle:
            logger.info("%s", idle)
            raise click.exceptions.Exit(0)

    def _refuse_twice(self, pipeline: str) -> None:
        begun = killed(self._project, self._dataset, pipeline)
        if begun is not None:
            raise KilledError(
                f"expected no {pipeline} that was begun and not ended, got "
                f"{begun.version}, killed after {len(begun.done)} nodes; go on with "
                f"`kedro churn resume --pipelines {pipeline}`, or begin anew with a "
                'reason: `--params monitoring.reason="WHY"`'
            )


def why_not(catalog: CatalogProtocol[Any, Any], action: str) -> str:
    """Return why an action is not to be carried out; empty where it is.

    Raises:
        NotDecidedError: Nothing was decided yet, or about a model that reigns no more.
    """
    from churn_pipeline.monitoring.decision import RetrainDecision

    if not catalog.exists("retraining_decision"):
        raise NotDecidedError(
            "expected a decision to make a model, got none yet; run `kedro run "
            "--pipelines monitoring` first, or give a reason: `--params "
            'monitoring.reason="WHY"`'
        )
    decided = RetrainDecision.model_validate(catalog.load("retraining_decision"))
    newest = catalog.load("models_made")[-1]
    if began(newest) > decided.newest:
        return (
            f"nothing to do: the decision of {decided.date} to {decided.action} was "
            f"carried out by {newest}"
        )
    if decided.action != action:
        return f"nothing to do here: decided on {decided.date} is {decided.in_words}"
    _require_reigns(decided.champion, catalog.load("champion").manifest.version)
    return ""


def _require_reigns(decided: str, reigns: str) -> None:
    """Check that a decision is about the model that it would be carried out on.

    Raises:
        NotDecidedError: Another was rolled back to, approved or promoted since: what
            was found speaks of the other model.
    """
    if decided != reigns:
        raise NotDecidedError(
            f"expected a decision about the champion, {reigns}, got one about "
            f"{decided}, which reigns no more; run `kedro run --pipelines monitoring` "
            'anew, or give a reason: `--params monitoring.reason="WHY"`'
        )
