"""The review of a release: every check, in one order, whatever pipeline asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from churn_pipeline.dataset import Dataset
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.gate import Verdict
from churn_pipeline.release.review.bias import check_bias
from churn_pipeline.release.review.compliance import (
    check_card,
    check_columns,
    check_manifest,
)
from churn_pipeline.release.review.finding import Finding, Review
from churn_pipeline.release.review.judged import check_verdict
from churn_pipeline.release.review.limits import ReviewLimits
from churn_pipeline.release.review.security import check_files
from churn_pipeline.release.review.vulnerabilities import check_vulnerabilities


@dataclass(frozen=True)
class Candidate:
    """A model that may be released, with what is known of it.

    Attributes:
        artifact: What would serve.
        verdict: What the gate said of it.
        fairness: A row a group of each sensitive column, with gaps and intervals.
        dataset: Says which columns are declared.
        card: Its model card, an HTML page; None where its kind of release has none.
        audit: Report of pip-audit; None where there is none.
    """

    artifact: Artifact
    verdict: Verdict
    fairness: Sequence[Mapping[str, Any]]
    dataset: Dataset
    card: str | None
    audit: Mapping[str, Any] | None


def review(candidate: Candidate, limits: ReviewLimits) -> Review:
    """Return what every check says of a model.

    An error in one of them ends the run: nothing is released unseen.
    """
    artifact, manifest = candidate.artifact, candidate.artifact.manifest
    return Review(
        findings=(
            *check_verdict(candidate.verdict),
            *check_bias(candidate.fairness, limits.bias),
            *check_files(manifest, artifact.files),
            check_vulnerabilities(
                candidate.audit,
                manifest.packages,
                required=limits.require_audit,
                accepted=limits.accepted_vulnerabilities,
            ),
            check_columns(manifest, candidate.dataset),
            _card(candidate),
            check_manifest(manifest),
        )
    )


def _card(candidate: Candidate) -> Finding:
    if candidate.card is not None:
        return check_card(candidate.card, candidate.artifact.manifest.version)
    return Finding(
        name="compliance: model card",
        outcome="not applicable",
        found="a new calibration keeps the card of the model that it was made from",
    )
