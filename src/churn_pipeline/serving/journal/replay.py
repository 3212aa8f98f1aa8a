"""A logged prediction computed again, from its inputs and the artifact of that hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.manifest import MANIFEST, Manifest
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.journal.store import Logged


@dataclass(frozen=True)
class Answer:
    """What a model says of a customer.

    Attributes:
        probability: Of churn, in [0, 1].
        decision: `call`, `no_call` or `gone`.
        threshold: Probability from which on a call pays; above 1: never.
    """

    probability: float
    decision: str
    threshold: float


def logged_answer(logged: Logged) -> Answer:
    """Return the answer that the journal has."""
    return Answer(logged.probability, logged.decision, logged.threshold)


def replay(logged: Logged, artifact: Artifact) -> Answer:
    """Return what an artifact answers to the logged inputs.

    The whole call is made again, for the last bits of a row may hang on how many rows
    are asked for at once.
    """
    probability = artifact.predict(logged.columns)
    decided = decide(logged.columns, probability, artifact.manifest)
    row = logged.row
    return Answer(
        float(probability[row]),
        str(decided.decision[row]),
        float(decided.threshold[row]),
    )


def find_artifact(
    models: ModelStore, logged: Logged, named: str | None = None
) -> Artifact:
    """Return the artifact that gave a logged answer.

    Args:
        models: Of the data set.
        logged: The answer.
        named: A folder to look into as well: what `CHURN_ARTIFACT` serves.

    Raises:
        LookupError: It is no longer there.
        ArtifactError: It is there and altered.
    """
    for folder in _folders(models, logged.model_version, named):
        manifest = Manifest.from_bytes((folder / MANIFEST).read_bytes())
        if manifest.digest == logged.artifact_sha256:
            return Artifact.load(folder)
    raise LookupError(
        f"expected the artifact {logged.model_version} with digest "
        f"{logged.artifact_sha256[:12]}… in {models.folder}, found none; it was "
        "removed (`kedro churn gc` says so where answers name it): restore "
        f"registered/{logged.model_version} from a copy"
    )


def _folders(models: ModelStore, version: str, named: str | None) -> Iterator[Path]:
    """Yield where an artifact of a version may lie; measured ones do not serve."""
    for folder in (
        *([Path(named)] if named else []),
        models.folder / "released" / version,
        models.folder / "registered" / version / "artifact",
    ):
        if (folder / MANIFEST).is_file():
            yield folder
