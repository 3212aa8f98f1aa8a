"""The manifest: what an artifact is, where it comes from, and how it decides."""

from __future__ import annotations

from pydantic import Field, ValidationError

from churn_pipeline.dataset import Label
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.feature import Feature
from churn_pipeline.models.conformal import Conformal
from churn_pipeline.params import Params
from churn_pipeline.release.integrity import ArtifactError, altered, sha256
from churn_pipeline.release.provenance import FittedOn, MeasuredOn

FORMAT = 2
MANIFEST = "manifest.json"


class Hashes(Params):
    """What the model was made from, as sha256 in hexadecimal."""

    data: str
    code: str
    parameters: str


class Manifest(Params):
    """What an artifact is and where it comes from.

    Attributes:
        format: Layout of the folder; a reader refuses one that it does not know.
        version: Version of the run that made it, e.g. 2026-11-21T01.33.09.000Z.
        dataset: Name of the data set.
        family: Kind of model inside, as the parameters of training name it.
        features: Inputs in order, with type, unit, range and allowed categories.
        categories: Levels that the model learnt, by text feature; others count as
            unknown.
        label: How churn was told.
        decision: Costs and values that say who is called.
        conformal: Which probabilities leave it open whether a customer leaves.
        hashes: Of the data, the code and the parameters.
        fitted: The rows that the model was fit on.
        measured: The rows that `metrics` and `baselines` were taken on, and of which
            artifact, where this one is its refit; None where nothing was measured.
        metrics: On the test split, by name.
        baselines: The same metrics of the other candidates, by family.
        packages: Versions of the packages that made the model.
        files: sha256 of each other file of the folder.
        digest: sha256 of this manifest without the digest.
    """

    format: int = FORMAT
    version: str
    dataset: str
    family: str = Field(min_length=1)
    features: tuple[Feature, ...]
    categories: dict[str, tuple[str, ...]]
    label: Label
    decision: Decision
    conformal: Conformal
    hashes: Hashes
    fitted: FittedOn
    measured: MeasuredOn | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = Field(default_factory=dict)
    packages: dict[str, str] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    digest: str = ""

    @property
    def is_refit(self) -> bool:
        """Whether its metrics are those of another artifact, fit on fewer rows."""
        return self.measured is not None and self.measured.artifact is not None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numeric features, in order."""
        return tuple(f.name for f in self.features if f.type == "number")

    @property
    def threshold(self) -> float:
        """Probability from which on a customer of the usual value is called."""
        return self.decision.break_even

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """What an answer is made from: the features, and the column of the value."""
        column = self.decision.value_column
        if column is None:
            return self.features
        known = {feature.name: feature for feature in self.features}
        given = known.get(column, Feature(name=column, type="number"))
        low = max(0.0, given.min or 0.0)
        known[column] = given.model_copy(update={"min": low})
        return tuple(known.values())

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of the text features, in order."""
        return tuple(f.name for f in self.features if f.type == "category")

    def sealed(self) -> Manifest:
        """Return this manifest with its digest."""
        blank = self.model_copy(update={"digest": ""})
        return self.model_copy(update={"digest": sha256(blank.to_bytes())})

    def to_bytes(self) -> bytes:
        """Return the text of `manifest.json`, the same for the same manifest."""
        return (self.model_dump_json(indent=2) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            ArtifactError: It is not a manifest of this format, or was altered.
        """
        try:
            manifest = cls.model_validate_json(content)
        except ValidationError as error:
            raise ArtifactError(
                f"expected {MANIFEST} of format {FORMAT}, got one that cannot be "
                f"read ({error.errors()[0]['loc']}: {error.errors()[0]['msg']}); "
                "train again, or load it with the release that made it"
            ) from error
        if manifest.format != FORMAT:
            raise ArtifactError(
                f"expected an artifact of format {FORMAT}, got {manifest.format}; "
                "load it with the release that made it"
            )
        found = _digest(content, manifest.digest)
        if manifest.digest != found:
            raise ArtifactError(altered(MANIFEST, manifest.digest, found))
        return manifest


def _digest(content: bytes, told: str) -> str:
    """Return the sha256 of a manifest's text without the digest that it tells.

    It is the text that counts: a release whose manifests say more reads it as well.
    """
    return sha256(content.replace(f'"digest": "{told}"'.encode(), b'"digest": ""'))
