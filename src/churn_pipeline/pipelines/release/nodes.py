"""Refit a model that passed, review it, propose it; the champion's dataset decides."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.params import Params
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.gate import Verdict
from churn_pipeline.release.governance import Approver, Governance
from churn_pipeline.release.proposal import Policy, Release
from churn_pipeline.release.review.candidate import Candidate, review
from churn_pipeline.release.review.limits import ReviewLimits
from churn_pipeline.serving.rollout.spec import Canary


class ReleaseParams(Params):
    """How models are released (root key `release`).

    Attributes:
        policy: `auto` promotes a model that passed its gate; `approval` waits for a
            person to run `kedro churn approve`; `canary` waits too, and tries it on
            some customers meanwhile.
        refit_margin: Worsening of the held-out log loss, in nats, beyond noise, with
            which the model fit on all rows is still released.
        canary: How a model is tried, with the policy `canary`.
        after_canary: Who makes it champion where its last step is proven: `auto`:
            `kedro churn rollout finish` does; `ask`: a person.
        approvers: Who may decide over releases, see `Governance`.
        four_eyes: Whether nobody approves what their own account submitted.
        review: What a release is checked by, beside its gate.
    """

    policy: Policy
    refit_margin: float = Field(ge=0)
    canary: Canary = Canary()
    after_canary: Literal["auto", "ask"] = "ask"
    approvers: tuple[Approver, ...] = ()
    four_eyes: bool = False
    review: ReviewLimits = ReviewLimits()

    @model_validator(mode="after")
    def _approvers_fit(self) -> ReleaseParams:
        Governance(approvers=self.approvers)
        return self


def propose_release(
    *,
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    artifact: Artifact,
    held_out_predictions: pd.DataFrame,
    net_settings: dict[str, Any],
    gate_verdict: dict[str, Any],
    metrics: dict[str, float],
    model_card: str,
    fairness: pd.DataFrame,
    dependency_audit: dict[str, Any] | None,
    dataset: Dataset,
    feature_engineering: FeatureEngineering,
    training: Training,
    decision: Decision,
    release: ReleaseParams,
    seed: int,
) -> Release:
    """Return the model for the registry to take, with what gate and checks said of it.

    Where the gate let it pass, it is fit again on all labelled rows, and what was
    measured goes beside it. A model that was refused stays as it is: a person who
    releases it all the same releases what was measured. Its card goes with it.

    Raises:
        RefitError: The fit fails, or does worse than before; nothing is released.
    """
    from churn_pipeline.pipelines.release.recipe import recipe_of_training
    from churn_pipeline.pipelines.release.refit import Told, refit
    from churn_pipeline.pipelines.training.package import Recipe

    verdict = Verdict.model_validate(gate_verdict)
    recipe = Recipe(dataset, feature_engineering, training, decision, seed)
    made = artifact
    if verdict.approved:
        held_out = held_out_predictions[artifact.manifest.family].to_numpy(np.float64)
        made = refit(
            model_input,
            feature_set,
            Told(artifact, held_out),
            net_settings=net_settings,
            recipe=recipe,
            margin=release.refit_margin,
        )
    candidate = Candidate(
        artifact=made,
        verdict=verdict,
        fairness=records(fairness),
        dataset=dataset,
        card=model_card,
        audit=dependency_audit,
    )
    return propose(
        candidate,
        release,
        metrics=metrics,
        measured=artifact if made is not artifact else None,
        recipe=recipe_of_training(recipe, net_settings),
    )


def propose(
    candidate: Candidate,
    release: ReleaseParams,
    *,
    metrics: dict[str, float],
    measured: Artifact | None,
    recipe: str,
) -> Release:
    """Return a model with what its checks said: the one way to a release.

    Args:
        candidate: The model, with what is known of it.
        release: How models are released and checked.
        metrics: Metric -> value on the test split.
        measured: The artifact that they were taken on, where it is another one.
        recipe: All parameters that the model follows from, as JSON.
    """
    verdict = candidate.verdict
    return Release(
        artifact=candidate.artifact,
        approved=verdict.approved,
        reasons=verdict.reasons,
        metrics=metrics,
        policy=release.policy,
        compared_with=verdict.compared_with,
        measured=measured,
        card=candidate.card or "",
        canary=release.canary.model_dump(),
        recipe=recipe,
        review=review(candidate, release.review),
    )


def records(fairness: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table by column."""
    rows = fairness.to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
