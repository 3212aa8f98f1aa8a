"""The reigning champion in both its forms: as it serves, and as it was measured."""

from __future__ import annotations

from dataclasses import dataclass

from churn_pipeline.release.artifact import Artifact, ArtifactError, Manifest
from churn_pipeline.release.provenance import RowFacts


@dataclass(frozen=True)
class Reigning:
    """What a new model is compared with.

    Attributes:
        served: The artifact that serves: a refit on all rows with a known label.
        measured: The one that its figures were taken on; the same where the served
            one is no refit.
    """

    served: Artifact
    measured: Artifact

    def for_rows(self, test: RowFacts) -> Artifact:
        """Return the artifact to compare with on some rows, none of which it has seen.

        The served one where the last day that it has learnt from is before the rows'
        first observation date, or on it; else the measured one, where that is so of
        it, or where the rows are those that it was measured on. Of a champion whose
        calibration alone is newer, the rows count that its order of the customers was
        learnt from: a map of three numbers that has seen the rows favours it a little,
        so that a new model may be refused wrongly, and none be released wrongly.

        Raises:
            ArtifactError: Either may have learnt from these rows.
        """
        for artifact in (self.served, self.measured):
            if _has_not_seen(artifact.manifest, test):
                return artifact
        served, measured = (
            f"{fitted.facts.last} (labels until {fitted.labels_until})"
            for fitted in (self.served.manifest.fitted, self.measured.manifest.fitted)
        )
        raise ArtifactError(
            f"expected a champion that has not learnt from the test rows of "
            f"{test.first}, got {self.served.manifest.version}, fit on rows until "
            f"{served}, before its refit until {measured}; give newer rows a "
            "`snapshot_date` of their own (dataset.yml) or a later `as_of` "
            "(parameters_feature_engineering.yml), or release the new model without a "
            "comparison: `kedro churn promote VERSION --override --reason WHY`"
        )

    def of_digest(self, digest: str) -> Artifact:
        """Return the artifact whose manifest has a digest.

        Raises:
            LookupError: Neither has.
        """
        for artifact in (self.served, self.measured):
            if artifact.manifest.digest == digest:
                return artifact
        raise LookupError(
            f"expected the digest of a manifest of {self.served.manifest.version}, got "
            f"{digest[:12]!r}; run the evaluation again"
        )


def check_measured(artifact: Artifact, measured: Artifact | None) -> None:
    """Check that an artifact comes with the one that its figures were taken on.

    Raises:
        ArtifactError: It is another one, or there is one too few or too many.
    """
    told = artifact.manifest.measured
    expected = None if told is None else told.artifact
    received = None if measured is None else measured.manifest.digest
    if expected != received:
        raise ArtifactError(
            f"expected {artifact.manifest.version} beside the artifact that it was "
            f"measured as ({expected or 'itself'}), got {received or 'none'}; train "
            "again, or restore the folder from a copy"
        )


def _has_not_seen(manifest: Manifest, test: RowFacts) -> bool:
    fitted, measured = manifest.fitted.of_ranking, manifest.measured
    if fitted.facts.last < test.first and fitted.labels_until <= test.first:
        return True
    tested_here = measured is not None and measured.artifact is None
    return tested_here and measured is not None and measured.facts.keys == test.keys
