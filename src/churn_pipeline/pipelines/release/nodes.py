"""Refit a model that passed and propose it; the champion's dataset decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.params import Params
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.gate import Verdict
from churn_pipeline.release.proposal import Policy, Release
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
    """

    policy: Policy
    refit_margin: float = Field(ge=0)
    canary: Canary = Canary()


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
    dataset: Dataset,
    feature_engineering: FeatureEngineering,
    training: Training,
    decision: Decision,
    release: ReleaseParams,
    seed: int,
) -> Release:
    """Return the model for the registry to take, with what the gate said of it.

    Where the gate let it pass, it is fit again on all labelled rows, and what was
    measured goes beside it. A model that was refused stays as it is: a person who
    releases it all the same releases what was measured. Its card goes with it.

    Raises:
        RefitError: The fit fails, or does worse than before; nothing is released.
    """
    verdict = Verdict.model_validate(gate_verdict)
    proposed = _as_it_is(artifact, verdict, metrics, model_card, release)
    if not verdict.approved:
        return proposed
    from churn_pipeline.pipelines.release.refit import Told, refit
    from churn_pipeline.pipelines.training.package import Recipe

    held_out = held_out_predictions[artifact.manifest.family].to_numpy(np.float64)
    fit_again = refit(
        model_input,
        feature_set,
        Told(artifact, held_out),
        net_settings=net_settings,
        recipe=Recipe(dataset, feature_engineering, training, decision, seed),
        margin=release.refit_margin,
    )
    return replace(proposed, artifact=fit_again, measured=artifact)


def _as_it_is(
    artifact: Artifact,
    verdict: Verdict,
    metrics: dict[str, float],
    model_card: str,
    release: ReleaseParams,
) -> Release:
    """Return the release of a model without another fit."""
    return Release(
        artifact=artifact,
        approved=verdict.approved,
        reasons=verdict.reasons,
        metrics=metrics,
        policy=release.policy,
        canary=release.canary.model_dump(),
        compared_with=verdict.compared_with,
        card=model_card,
    )
