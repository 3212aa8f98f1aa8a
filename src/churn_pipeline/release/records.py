"""What is kept of a model beside its artifact."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churn_pipeline.params import Params
from churn_pipeline.release.review.finding import Review

VERSION = r"[0-9A-Za-z][0-9A-Za-z._-]*"
"""Pattern of a version, which is also the name of its folder."""
_ENDS = ("_low", "_high")


class Pointer(Params):
    """Content of `champion.json`: which version serves.

    Attributes:
        version: Version of the champion.
        semantic_version: Its MAJOR.MINOR.PATCH; None where it was registered before
            models had one.
        folder: Its artifact, relative to the folder of `champion.json`.
        manifest_sha256: sha256 of its `manifest.json`, which holds those of its files.
    """

    version: str = Field(pattern=f"^{VERSION}$")
    semantic_version: str | None = None
    folder: str = Field(pattern=f"^released/{VERSION}$")
    manifest_sha256: str


class Record(Params):
    """What the registry knows of a version.

    Attributes:
        version: The version.
        semantic_version: Its MAJOR.MINOR.PATCH; None where it was registered before
            models had one.
        change: What changed since which version, in words.
        family: Kind of model.
        gate: What the gate said.
        reasons: Why, in words.
        metrics: Metric -> value on the test split; None where it is not defined.
        compared_with: Champion that the gate compared it with; None where there was
            none.
        fitted_rows: Rows that the model was fit on; None where it was registered
            before they were counted.
        refit: Whether those of the test split are among them: the metrics are then of
            the same model before that.
        review: What the checks found; None where it was registered before there were
            any.
    """

    version: str = Field(pattern=f"^{VERSION}$")
    semantic_version: str | None = None
    change: str = ""
    family: str
    gate: Literal["approved", "refused"]
    reasons: tuple[str, ...] = ()
    metrics: dict[str, float | None]
    compared_with: str | None = None
    fitted_rows: int | None = None
    refit: bool = False
    review: Review | None = None

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return () if self.review is None else self.review.failed

    @property
    def unmet(self) -> tuple[str, ...]:
        """The same without those of the gate."""
        return () if self.review is None else self.review.unmet

    @property
    def told(self) -> tuple[str, ...]:
        """What the ledger keeps: what failed, the reasons, and whether it was refit."""
        refit = f"refit on {self.fitted_rows:,} rows, the test split's included"
        failed = (f"failed checks: {', '.join(self.unmet)}",) if self.unmet else ()
        return (*failed, *self.reasons, *((refit,) if self.refit else ()))

    @property
    def named(self) -> str:
        """The version with both its names."""
        return f"{self.semantic_version or 'unnumbered'} ({self.version})"

    @property
    def tags(self) -> dict[str, str]:
        """What MLflow shows of it: its own metrics, without the intervals' ends."""
        shown = {
            name: f"{value:.6g}"
            for name, value in self.metrics.items()
            if value is not None and "." not in name and not name.endswith(_ENDS)
        }
        return {
            **shown,
            "gate": self.gate,
            "family": self.family,
            "semantic_version": self.semantic_version or "",
            "change": self.change,
            "fitted_rows": str(self.fitted_rows or ""),
            "refit": str(self.refit).lower(),
            "failed_checks": ", ".join(self.failed),
        }

    @property
    def verdict(self) -> Literal["register", "pend", "refuse"]:
        """What the ledger says that became of it, by its gate and its checks."""
        if self.gate == "refused":
            return "refuse"
        return "pend" if self.unmet else "register"

    def in_force(self, reigning: str | None) -> Record:
        """Return the record, refused where its verdict is about another champion.

        Args:
            reigning: Version of the champion; None where there is none.
        """
        if self.gate == "refused" or self.compared_with == reigning:
            return self
        stale = (
            f"compared with {self.compared_with or 'no champion'}, but "
            f"{reigning or 'none'} reigns now; run the pipeline again to compare the "
            "two"
        )
        return self.model_copy(update={"gate": "refused", "reasons": (stale,)})
