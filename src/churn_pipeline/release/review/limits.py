"""What the checks of a release go by (`release.review`)."""

from __future__ import annotations

from pydantic import Field

from churn_pipeline.params import Params


class BiasLimits(Params):
    """How differently groups of a sensitive column may be treated.

    A group fails where the whole interval of its gap lies beyond a limit. None: the
    gap is told and judged by nobody.

    Attributes:
        selection_rate: Share of those called, less that of all other customers.
        true_positive_rate: The same of those who left: who is found.
        calibration: Mean probability less churn rate of the group.
    """

    selection_rate: float | None = Field(default=0.6, ge=0, le=1)
    true_positive_rate: float | None = Field(default=0.4, ge=0, le=1)
    calibration: float | None = Field(default=0.1, ge=0, le=1)


class ReviewLimits(Params):
    """What a release is checked by (`release.review`).

    Attributes:
        bias: How differently groups may be treated.
        require_audit: Whether a release without a report of known vulnerabilities
            fails; else it is told.
        accepted_vulnerabilities: Ids, e.g. `PYSEC-2024-48`, that somebody has looked
            at and lives with.
    """

    bias: BiasLimits = BiasLimits()
    require_audit: bool = False
    accepted_vulnerabilities: tuple[str, ...] = ()
