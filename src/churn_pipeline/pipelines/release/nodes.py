"""Propose a model for release; the champion's dataset registers and decides."""

from __future__ import annotations

from typing import Any, Literal

from churn_pipeline.dataset import Params
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.gate import Verdict
from churn_pipeline.release.releases import Release


class ReleaseParams(Params):
    """How models are released (root key `release`).

    Attributes:
        policy: `auto` promotes a model that passed its gate; `approval` waits for a
            person to run `kedro churn approve`.
    """

    policy: Literal["auto", "approval"]


def propose_release(
    artifact: Artifact,
    gate_verdict: dict[str, Any],
    metrics: dict[str, float],
    release: ReleaseParams,
) -> Release:
    """Return the model with what the gate said of it, for the registry to take."""
    verdict = Verdict.model_validate(gate_verdict)
    return Release(
        artifact=artifact,
        approved=verdict.approved,
        reasons=verdict.reasons,
        metrics=metrics,
        policy=release.policy,
        compared_with=verdict.compared_with,
    )
