"""A past release made again from what its manifest names, and compared byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.models.settings import NetSettings
from churn_pipeline.pipelines.evaluation.rows import columns
from churn_pipeline.pipelines.recalibration.nodes import recalibrate
from churn_pipeline.pipelines.release.recipe import KeptRecipe
from churn_pipeline.pipelines.release.refit import fit_on_all
from churn_pipeline.pipelines.training.families import FAMILIES
from churn_pipeline.pipelines.training.package import (
    code_hash,
    make_artifacts,
    parameters_hash,
)
from churn_pipeline.pipelines.training.splits import Splits, read_splits
from churn_pipeline.pipelines.training.workers import Job, fit_candidate
from churn_pipeline.release.artifact import MODEL, WEIGHTS, Artifact
from churn_pipeline.release.integrity import sha256
from churn_pipeline.release.manifest import Manifest
from churn_pipeline.release.provenance import row_facts
from churn_pipeline.release.reigning import Reigning


class RebuildError(RuntimeError):
    """A release cannot be made again here: something that it follows from differs."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a release.

    Attributes:
        artifact: What was registered.
        measured: The artifact that its figures were taken on; the same, where the
            registered one is no refit.
        recipe: All parameters.
        model_input: The rows that its run read.
        feature_set: What their columns are.
        scores: Its test rows with `churn_probability`; None where they are gone.
    """

    artifact: Artifact
    measured: Artifact
    recipe: KeptRecipe
    model_input: pd.DataFrame
    feature_set: dict[str, Any]
    scores: pd.DataFrame | None = None


@dataclass(frozen=True)
class Compared:
    """Something of a release beside the same made again.

    Attributes:
        what: What it is.
        values: How many there are; of a file its bytes.
        same: Whether every byte is the same.
        before: sha256 of the bytes that are kept.
        after: Of those made again.
        apart: Largest difference of two probabilities; NaN of a file.
    """

    what: str
    values: int
    same: bool
    before: str
    after: str
    apart: float = float("nan")


def rebuild(kept: Kept) -> list[Compared]:
    """Return a trained release beside the same made again in memory.

    Raises:
        RebuildError: Code, packages, parameters or data are others now.
    """
    recipe, family = kept.recipe.recipe, kept.artifact.manifest.family
    splits = read_splits(kept.model_input, kept.feature_set, recipe.training.vocabulary)
    known = kept.model_input["label"].notna()
    labelled = kept.model_input[known].reset_index(drop=True)
    _require_the_same(kept, splits, labelled)
    tuned = recipe.training.model_copy(
        update={"net": NetSettings(**kept.recipe.net_settings)}
    )
    job = Job(
        FAMILIES[family],
        splits.without("test"),
        tuned,
        recipe.seed,
        kept.recipe.threads,
    )
    fitted = fit_candidate(job)
    measured = make_artifacts({family: fitted}, splits, recipe)[family]
    found = list(_beside("measured", kept.measured, measured, kept.model_input))
    if kept.scores is not None:
        found.append(_scores(kept.scores, measured, kept.model_input))
    if not kept.artifact.manifest.is_refit:
        return found
    made, _ = fit_on_all(
        labelled,
        kept.feature_set,
        family=family,
        net_settings=kept.recipe.net_settings,
        recipe=recipe,
        threads=kept.recipe.refit_threads,
    )
    return [*found, *_beside("registered", kept.artifact, made, kept.model_input)]


def rebuild_recalibration(
    kept: Kept, champion: Reigning, model_input_of_champion: pd.DataFrame
) -> list[Compared]:
    """Return a calibration that was made again beside the same made once more.

    Args:
        kept: What is kept of the release.
        champion: The one that was calibrated, as it served and as it was measured.
        model_input_of_champion: The rows that the champion was made from.

    Raises:
        RebuildError: Code, packages or data are others now.
    """
    manifest = kept.artifact.manifest
    differ = [*_other_code(champion.served.manifest), *_other_packages(manifest)]
    made = recalibrate(
        kept.model_input,
        model_input_of_champion,
        feature_set=kept.feature_set,
        reigning_champion=champion,
        last_retraining_decision=None,
        training=kept.recipe.training,
        decision=kept.recipe.costs,
        seed=kept.recipe.seed,
    )["recalibrated"]
    expected, received = manifest.hashes.data, made.manifest.hashes.data
    if expected != received:
        differ.append(_told("data", expected, received))
    _refuse(manifest, differ)
    return list(_beside("registered", kept.artifact, made, kept.model_input))


def _require_the_same(kept: Kept, splits: Splits, labelled: pd.DataFrame) -> None:
    """Raise where what the release follows from is not what there is now."""
    manifest = kept.artifact.manifest
    differ = [*_other_code(manifest), *_other_packages(manifest)]
    checked = {
        "parameters": parameters_hash(kept.recipe.recipe),
        "data": splits.digest(),
    }
    expected = manifest.hashes.model_dump()
    differ += [
        _told(name, expected[name], received)
        for name, received in checked.items()
        if expected[name] != received
    ]
    rows = manifest.fitted.facts.keys
    if manifest.is_refit and rows != row_facts(labelled).keys:
        differ.append(_told("rows of the refit", rows, row_facts(labelled).keys))
    _refuse(manifest, differ)


def _refuse(manifest: Manifest, differ: list[str]) -> None:
    if differ:
        raise RebuildError(
            f"expected what {manifest.version} was made from, got another: "
            f"{'; '.join(differ)}. Restore it (the code and the packages of that day, "
            "the data from a copy), then rebuild again"
        )


def _other_code(manifest: Manifest) -> Iterator[str]:
    if manifest.hashes.code != code_hash():
        yield _told("code", manifest.hashes.code, code_hash())


def _other_packages(manifest: Manifest) -> Iterator[str]:
    for name, made_with in manifest.packages.items():
        if version(name) != made_with:
            yield f"{name} {made_with}, here {version(name)}"


def _told(name: str, expected: str, received: str) -> str:
    return f"{name} of sha256 {expected[:12]}…, here {received[:12]}…"


def _beside(
    name: str, before: Artifact, after: Artifact, rows: pd.DataFrame
) -> Iterator[Compared]:
    """Yield the files of an artifact, its golden rows and its answers to all rows."""
    for file in (MODEL, WEIGHTS):
        old, new = before.files[file], after.files[file]
        yield Compared(
            f"{name}: {file}", len(old), old == new, sha256(old), sha256(new)
        )
    yield _probabilities(f"{name}: golden rows", before.golden[1], after.golden[1])
    given = columns(rows, before)
    answers = before.predict(given), after.predict(given)
    yield _probabilities(f"{name}: all rows of model_input", *answers)


def _scores(
    scores: pd.DataFrame, measured: Artifact, model_input: pd.DataFrame
) -> Compared:
    """Return the probabilities of the test rows that the run wrote, made again."""
    test = model_input[model_input["split"] == "test"].reset_index(drop=True)
    after = measured.predict(columns(test, measured))
    before = scores["churn_probability"].to_numpy(np.float64)
    return _probabilities("scored_test_rows, as the run wrote them", before, after)


def _probabilities(
    what: str, before: NDArray[np.float64], after: NDArray[np.float64]
) -> Compared:
    old, new = (np.ascontiguousarray(p).tobytes() for p in (before, after))
    alike = before.shape == after.shape
    return Compared(
        what,
        len(before),
        old == new,
        sha256(old),
        sha256(new),
        float(np.abs(before - after).max()) if alike else float("nan"),
    )
