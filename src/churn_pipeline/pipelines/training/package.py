"""What makes a fitted model an artifact: calibration, manifest, golden rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import churn_pipeline
from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.classifier import Classifier, CrossFitted
from churn_pipeline.models.table import Table
from churn_pipeline.pipelines.training.judging import Money
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.splits import Splits
from churn_pipeline.release.artifact import Artifact, Hashes, Manifest
from churn_pipeline.release.provenance import FittedOn

if TYPE_CHECKING:
    from churn_pipeline.pipelines.training.workers import Fitted

_PACKAGES = (
    "numpy",
    "onnx",
    "onnxruntime",
    "pytorch-lightning",
    "scikit-learn",
    "torch",
)
_UNSAVED = "unsaved"
_BACKGROUND_ROWS = 2048


@dataclass(frozen=True)
class Recipe:
    """The parameters that a model follows from, beside its data and code.

    Attributes:
        dataset: What the data set is.
        feature_engineering: How its features and labels are made.
        training: How the candidates are trained and chosen.
        decision: Costs and values that the threshold follows from.
        seed: Of everything random.
    """

    dataset: Dataset
    feature_engineering: FeatureEngineering
    training: Training
    decision: Decision
    seed: int


def make_artifacts(
    fitted: Mapping[str, Fitted], splits: Splits, recipe: Recipe
) -> dict[str, Artifact]:
    """Return the fitted candidates as artifacts, by family.

    The metrics are set once a candidate is chosen; the version is stamped when it is
    saved.
    """
    hashes = Hashes(
        data=splits.digest(),
        code=code_hash(),
        parameters=parameters_hash(recipe),
    )
    golden = golden_columns(splits, recipe.training.golden_rows)
    background = background_columns(splits)
    return {
        family: Artifact.create(
            _draft(family, made, splits, recipe, hashes),
            model=made.model,
            weights=made.weights,
            golden=golden,
            background=background,
        )
        for family, made in fitted.items()
    }


def _draft(
    family: str, made: Fitted, splits: Splits, recipe: Recipe, hashes: Hashes
) -> Manifest:
    reach = dt.timedelta(days=recipe.feature_engineering.reach_days(recipe.dataset))
    return Manifest(
        version=_UNSAVED,
        dataset=recipe.dataset.name,
        family=family,
        features=splits.features,
        categories=_learnt_categories(splits),
        label=recipe.dataset.label,
        decision=recipe.decision.of_the_model,
        conformal=made.conformal,
        hashes=hashes,
        fitted=FittedOn(facts=splits.trained, labels_until=splits.trained.last + reach),
        packages={name: version(name) for name in _PACKAGES},
    )


def calibrate(fitted: CrossFitted, splits: Splits, training: Training) -> Classifier:
    """Return the model with what is learnt from the held-out logits.

    Raises:
        ValueError: A training row has none.
    """
    from churn_pipeline.models.calibration import fit_calibration
    from churn_pipeline.models.conformal import fit_conformal

    settings = training.calibration
    logit, label = fitted.held_out, splits.labels["train"]
    known = int(np.isfinite(logit).sum())
    if known < len(label):
        raise ValueError(
            f"expected the logit of each of {len(label)} training rows by a model that "
            f"was not fit on it, got {known} that are numbers; hold out every fold of "
            "`Rows.fold` once, and look for extreme values in the features"
        )
    calibration = fit_calibration(logit, label, prior_rows=settings.prior_rows)
    conformal = fit_conformal(
        calibration.probability(logit), label, coverage=settings.coverage
    )
    return Classifier(fitted.model, splits.vocabulary, calibration, conformal)


def golden_columns(splits: Splits, n_rows: int) -> dict[str, list[Any]]:
    """Return training rows across the split, with missing and never-seen values."""
    table = splits.tables["train"]
    picked = np.linspace(0, len(table) - 1, n_rows).astype(int)
    numbers, texts = table.numbers[picked].copy(), table.categories[picked].copy()
    numbers[np.isinf(numbers)] = np.nan
    numbers[0], texts[0] = np.nan, ""
    texts[1] = "never seen"
    numbers[2] *= 10
    return _as_columns(splits, Table(numbers, texts))


def background_columns(splits: Splits) -> dict[str, list[Any]]:
    """Return training rows across the split, which explanations are drawn from."""
    table = splits.tables["train"]
    picked = np.linspace(0, len(table) - 1, min(_BACKGROUND_ROWS, len(table)))
    return _as_columns(splits, table.take(picked.astype(int)))


def _as_columns(splits: Splits, table: Table) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for kind, values in (("number", table.numbers), ("category", table.categories)):
        names = [f.name for f in splits.features if f.type == kind]
        columns |= {name: values[:, i].tolist() for i, name in enumerate(names)}
    return columns


def _learnt_categories(splits: Splits) -> dict[str, tuple[str, ...]]:
    names = [f.name for f in splits.features if f.type == "category"]
    return dict(zip(names, splits.vocabulary.levels))


def code_hash(*folders: str) -> str:
    """Return the sha256 of this package's source, or of some of its folders."""
    root = Path(churn_pipeline.__file__).parent
    found = hashlib.sha256()
    for folder in folders or ("",):
        for path in sorted((root / folder).rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def parameters_hash(recipe: Recipe) -> str:
    """Return the sha256 of what makes the model, but for where it was made.

    The day of the data, the limits that only stop a run and what the list to call
    alone goes by are no part of it: the same recipe on newer data has the same hash.
    """
    told = recipe.training.model_dump(mode="json", exclude={"processes", "threads"})
    del told["tuning"]["storage"]
    described = recipe.dataset.model_dump(
        mode="json", exclude={"snapshot_date", "max_rejected_share"}
    )
    described["label"].pop("expected_rate", None)
    features = recipe.feature_engineering.model_dump(mode="json", exclude={"as_of"})
    costs = asdict(recipe.decision)
    del costs["capacity"], costs["assumed"]
    return _hash_json([described, features, told, costs, recipe.seed])


def study_name(
    splits: Splits,
    dataset: Dataset,
    training: Training,
    *,
    money: Money | None,
    seed: int,
) -> str:
    """Return the study's name: the same rows, parameters and code, the same name.

    The number of trials is left out, so that a study can be carried on with more, and
    so is the storage.

    Args:
        splits: The rows.
        dataset: The data set, whose name stands in front.
        training: Of which that counts which makes the trials.
        money: What trials are judged by in money; None: by the log loss.
        seed: Of the trials.
    """
    made_by = {"vocabulary", "net", "boosting", "fit", "tuning"}
    told = training.model_dump(mode="json", include=made_by)
    del told["tuning"]["storage"], told["tuning"]["n_trials"]
    content = [splits.digest(), told, seed, code_hash("models")]
    if money is not None:
        content += [money.digest(), code_hash("evaluation")]
    return f"{dataset.name}-{_hash_json(content)[:16]}"


def _hash_json(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
