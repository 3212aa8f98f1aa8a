"""The artifact: the one folder that a training run makes and everything serves from.

Notebook, `kedro run`, batch scoring and the HTTP service load it here, and none of
them needs more than numpy, ONNX Runtime and pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.table import Columns
from churn_pipeline.release.explanation import (
    Explainer,
    Explanation,
    Reference,
    Topics,
    choose_reference,
    table_of,
)
from churn_pipeline.release.golden import check_golden, read_golden, write_golden
from churn_pipeline.release.integrity import (
    ArtifactError,
    check_files,
    sha256,
)
from churn_pipeline.release.manifest import MANIFEST, Hashes, Manifest
from churn_pipeline.release.reasons import Reason, give_reasons
from churn_pipeline.release.session import Session

__all__ = ["Artifact", "ArtifactError", "Hashes", "Manifest"]

MODEL = "model.onnx"
WEIGHTS = "weights.safetensors"
GOLDEN = "golden.json"
REFERENCE = "reference.json"
_FILES = (MODEL, WEIGHTS, GOLDEN, REFERENCE)


class Artifact:
    """A model that answers, with all that is known about it."""

    def __init__(
        self,
        manifest: Manifest,
        files: Mapping[str, bytes],
        *,
        text: bytes | None = None,
    ) -> None:
        """Check the files and the golden rows, then be ready to answer.

        Args:
            manifest: The sealed manifest.
            files: Content of the other files by name.
            text: Of `manifest.json`, where there is one: another release may have
                written less into it. None writes it.

        Raises:
            ArtifactError: A file is missing or altered, or a golden row gets another
                probability than when the artifact was made.
        """
        self.manifest = manifest
        self._text = manifest.to_bytes() if text is None else text
        self._contents = {name: files[name] for name in _FILES if name in files}
        check_files(
            self._contents, manifest.files, names=_FILES, version=manifest.version
        )
        self._session = Session(self._contents[MODEL])
        self.check()

    @classmethod
    def create(
        cls,
        draft: Manifest,
        *,
        model: bytes,
        weights: bytes,
        golden: Columns,
        background: Columns,
    ) -> Artifact:
        """Return a new artifact.

        Args:
            draft: The manifest, without `files` and `digest`.
            model: The ONNX model.
            weights: The learnt arrays as safetensors.
            golden: Rows of model input; the model's answers to them are kept, and
                are checked whenever the artifact is loaded.
            background: Training rows, some hundreds: explanations are measured
                against a few of them, which are kept.
        """
        features, session = draft.features, Session(model)
        known = choose_reference(features, session, table_of(features, background))
        files = {
            MODEL: model,
            WEIGHTS: weights,
            GOLDEN: write_golden(features, session, golden),
            REFERENCE: known.to_bytes(),
        }
        hashes = {name: sha256(content) for name, content in files.items()}
        manifest = draft.model_copy(update={"files": hashes})
        return cls(manifest.sealed(), files)

    @classmethod
    def load(cls, folder: str | Path) -> Artifact:
        """Return the artifact of a folder, checked before it answers.

        Raises:
            ArtifactError: The folder is none, or something in it is missing,
                altered, or answers otherwise than when it was made.
        """
        path = Path(folder)
        if not (path / MANIFEST).is_file():
            raise ArtifactError(
                f"expected an artifact with a {MANIFEST} in {path}, found none; "
                "train a model first, or give the folder of a version"
            )
        text = (path / MANIFEST).read_bytes()
        manifest = Manifest.from_bytes(text)
        found = [name for name in _FILES if (path / name).is_file()]
        files = {name: (path / name).read_bytes() for name in found}
        return cls(manifest, files, text=text)

    @property
    def files(self) -> dict[str, bytes]:
        """Content of every file of the folder by name, the manifest included."""
        return {**self._contents, MANIFEST: self._text}

    def save(self, folder: str | Path) -> None:
        """Write the files into a folder, which is made where there is none."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (path / name).write_bytes(content)

    def restated(self, **fields: Any) -> Artifact:
        """Return the same model with other fields of the manifest, checked anew."""
        known = self.manifest.model_dump() | fields
        return Artifact(Manifest.model_validate(known).sealed(), self._contents)

    def predict(self, columns: Columns) -> NDArray[np.float64]:
        """Return churn probabilities in [0, 1], float64, (n_rows,).

        Args:
            columns: The features by name, of one length; None and NaN are missing.
                Columns that are no features are ignored.

        Raises:
            ValueError: A feature's column is missing, or has text for a number.
        """
        table = table_of(self.manifest.features, columns)
        return self._session.probability(table)

    def predict_one(
        self, numbers: Sequence[float | None], categories: Sequence[str | None]
    ) -> float:
        """Return the churn probability of one customer: `predict`, quicker.

        Args:
            numbers: Of the numeric features, in order; None is missing.
            categories: Of the text features, in order; None is missing.
        """
        return self._session.probability_of_one(numbers, categories)

    def check(self) -> None:
        """Check that the golden rows get the probabilities they had when it was made.

        Raises:
            ArtifactError: They do not.
        """
        features, golden = self.manifest.features, self._contents[GOLDEN]
        check_golden(features, self._session, golden)

    def explain(self, columns: Columns) -> Explanation:
        """Return what each topic of the features adds to the log-odds of churn.

        Args:
            columns: As for `predict`.

        Raises:
            ValueError: A feature's column is missing, or has text for a number.
        """
        return self._explainer.explain(table_of(self.manifest.features, columns))

    def reasons(
        self, columns: Columns, *, at_most: int = 3, raising: bool = False
    ) -> list[list[Reason]]:
        """Return why each row got its probability, the weightiest reason first.

        Args:
            columns: As for `predict`.
            at_most: Most reasons of a row; contributions near 0 are none.
            raising: Whether only what raises the probability is told.

        Raises:
            ValueError: A feature's column is missing, or has text for a number.
        """
        table = table_of(self.manifest.features, columns)
        return give_reasons(self._explainer, table, at_most=at_most, raising=raising)

    @property
    def topics(self) -> dict[str, tuple[str, ...]]:
        """What the features tell of -> their names; a topic is explained as one."""
        found = Topics(self.manifest.features)
        names = (tuple(f.name for f in members) for members in found.members)
        return dict(zip(found.names, names, strict=True))

    @property
    def importance(self) -> dict[str, float]:
        """Topic -> mean absolute contribution over training rows, greatest first."""
        return self._explainer.reference.importance

    @cached_property
    def _explainer(self) -> Explainer:
        """The explainer, made when it is first asked: predictions do without."""
        known = Reference.model_validate_json(self._contents[REFERENCE])
        return Explainer(self.manifest.features, self._session, known)

    @property
    def golden(self) -> tuple[dict[str, list[Any]], NDArray[np.float64]]:
        """The golden rows as columns by name, and their probabilities."""
        return read_golden(self._contents[GOLDEN])
