"""A trained model with what is known of it, for the registry to decide on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.records import Record
from churn_pipeline.release.review.finding import Review
from churn_pipeline.release.semantic import Numbered

Policy = Literal["auto", "approval", "canary"]


@dataclass(frozen=True)
class Release:
    """A model to register, and perhaps to promote.

    Attributes:
        artifact: The model.
        approved: Whether the gate let it pass.
        reasons: What the gate said.
        metrics: Metric -> value on the test split.
        policy: `auto` promotes a model that passed; `approval` leaves that to a person;
            `canary` does so too, and tries it on some customers meanwhile. The first
            champion has nobody to be tried beside.
        compared_with: Champion that the gate compared it with; None where there was
            none.
        review: What the checks of the release found; with one that failed it waits
            for a named approver, whatever the policy.
        measured: The artifact that its metrics were taken on, where it is the refit of
            that; else None.
        card: Its model card, an HTML page; empty where there is none.
        canary: How it is tried, with the policy `canary`; see the service's `Canary`.
        recipe: All parameters that it follows from, as JSON, to make it again by;
            empty where they are not known.
    """

    artifact: Artifact
    approved: bool
    reasons: tuple[str, ...]
    metrics: dict[str, float]
    policy: Policy
    compared_with: str | None
    measured: Artifact | None = None
    card: str = ""
    canary: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    review: Review = field(kw_only=True)

    def record(self, numbered: Numbered) -> Record:
        """Return what is kept of the model under its number."""
        known = {k: v if math.isfinite(v) else None for k, v in self.metrics.items()}
        manifest = self.artifact.manifest
        return Record(
            version=manifest.version,
            semantic_version=str(numbered.number),
            change=numbered.change,
            family=manifest.family,
            gate="approved" if self.approved else "refused",
            reasons=self.reasons,
            metrics=known,
            compared_with=self.compared_with,
            fitted_rows=manifest.fitted.facts.rows,
            refit=manifest.is_refit,
            review=self.review,
        )
