"""Fitting a model again, on every row whose label is known, before it is released."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.features.folds import assign_folds
from churn_pipeline.models.settings import NetSettings
from churn_pipeline.pipelines.training.families import FAMILIES
from churn_pipeline.pipelines.training.package import Recipe, make_artifacts
from churn_pipeline.pipelines.training.splits import read_splits
from churn_pipeline.pipelines.training.workers import Job, fit_candidate, usable_cores
from churn_pipeline.progress import bar
from churn_pipeline.release.artifact import Artifact

_LOG = logging.getLogger(__name__)
_EDGE = 1e-12
_NOISE = 2.0
"""Standard errors that a difference of chance alone seldom exceeds."""


class RefitError(RuntimeError):
    """A model could not be fit again on all rows; nothing is released then."""


@dataclass(frozen=True)
class Told:
    """What the measured model says of rows that it was not fit on.

    Attributes:
        artifact: The measured model.
        held_out: Its probabilities of the training rows, by models that were not fit
            on them, float64, in the order of `model_input`.
    """

    artifact: Artifact
    held_out: NDArray[np.float64]

    def of(self, labelled: pd.DataFrame) -> NDArray[np.float64]:
        """Return its probability of each labelled row, held out or never seen."""
        trained = (labelled["split"] == "train").to_numpy()
        found = np.empty(len(labelled))
        found[trained] = self.held_out
        found[~trained] = self.artifact.predict(labelled[~trained])
        return found


def refit(
    model_input: pd.DataFrame,
    feature_set: dict[str, object],
    measured: Told,
    *,
    net_settings: dict[str, object],
    recipe: Recipe,
    margin: float,
) -> Artifact:
    """Return the measured model fit again on every row whose label is known.

    Family, settings, costs and figures are those of the measured one; vocabulary,
    folds and calibration are learnt anew.

    Args:
        model_input: All rows of the run that the model was measured in.
        feature_set: What the columns are.
        measured: The model, and its answers on held-out rows.
        net_settings: The tuned settings of the net.
        recipe: All parameters.
        margin: Worsening of the log loss of held-out rows, in nats, that is let pass.

    Raises:
        RefitError: These are not the rows that the model was made from, the fit
            fails, or its held-out log loss is worse by more than the margin and noise.
    """
    _require_same_rows(model_input, feature_set, measured.artifact, recipe)
    labelled = model_input[model_input["label"].notna()].reset_index(drop=True)
    before = measured.artifact.manifest
    _LOG.info("fitting %s again on all %s rows", before.family, f"{len(labelled):,}")
    threads = recipe.training.threads or usable_cores()
    try:
        with bar(f"fitting {before.family} again on all {len(labelled):,} rows"):
            made, held_out = fit_on_all(
                labelled,
                feature_set,
                family=before.family,
                net_settings=net_settings,
                recipe=recipe,
                threads=threads,
            )
    except Exception as error:
        raise RefitError(
            f"expected {before.family} to be fit on all {len(labelled):,} rows before "
            f"its release, got {type(error).__name__}: {error}; nothing is released: "
            "mend it, then `kedro run --pipelines release`"
        ) from error
    _check(labelled, measured.of(labelled), held_out, margin=margin)
    return made.restated(
        version=before.version,
        hashes=before.hashes,
        decision=before.decision,
        metrics=before.metrics,
        baselines=before.baselines,
        measured={**dict(before.measured or {}), "artifact": before.digest},
    )


def fit_on_all(
    labelled: pd.DataFrame,
    feature_set: dict[str, object],
    *,
    family: str,
    net_settings: dict[str, object],
    recipe: Recipe,
    threads: int,
) -> tuple[Artifact, NDArray[np.float64]]:
    """Return a family fit on every row, and its probabilities of rows held out.

    Args:
        labelled: The rows whose label is known, numbered from 0.
        feature_set: What the columns are.
        family: Which one.
        net_settings: The tuned settings of the net.
        recipe: All parameters.
        threads: Threads of the fit.
    """
    splits = read_splits(
        _as_training(labelled, recipe), feature_set, recipe.training.vocabulary
    )
    settings = recipe.training.model_copy(
        update={"net": NetSettings(**net_settings)}  # type: ignore[arg-type]
    )
    job = Job(FAMILIES[family], splits, settings, recipe.seed, threads)
    fitted = fit_candidate(job)
    return make_artifacts({family: fitted}, splits, recipe)[family], fitted.held_out


def _require_same_rows(
    model_input: pd.DataFrame,
    feature_set: dict[str, object],
    artifact: Artifact,
    recipe: Recipe,
) -> None:
    """Raise where `model_input` was made anew since the model was trained."""
    splits = read_splits(model_input, feature_set, recipe.training.vocabulary)
    expected, received = artifact.manifest.hashes.data, splits.digest()
    if expected != received:
        raise RefitError(
            f"expected the model_input that {artifact.manifest.version} was made from "
            f"(sha256 {expected[:12]}…), got another ({received[:12]}…); nothing is "
            "released: train and evaluate on the new rows first, `kedro run`"
        )


def _as_training(labelled: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Return the rows as training rows, in fresh folds."""
    fold = assign_folds(
        labelled["customer_id"],
        labelled["label"].to_numpy(dtype=np.float64),
        folds=recipe.feature_engineering.split.folds,
        seed=recipe.seed,
    )
    return labelled.assign(split="train", fold=fold)


def _check(
    labelled: pd.DataFrame,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    *,
    margin: float,
) -> None:
    """Raise where the refit is surely worse on held-out rows, or cannot be judged."""
    label = labelled["label"].to_numpy(dtype=np.float64)
    worse = _losses(label, after) - _losses(label, before)
    mean = float(worse.mean())
    noise = _NOISE * _standard_error(worse, labelled["customer_id"])
    if not mean - noise <= margin:
        raise RefitError(
            f"expected the model fit on all rows to be no worse on held-out rows than "
            f"before, by {margin:g} nats of log loss and noise, got worse by "
            f"{mean:.5f} (noise {noise:.5f}); nothing is released: look for rows near "
            "the newest dates that are unlike the others, or raise "
            "`release.refit_margin`"
        )
    _LOG.info("log loss of held-out rows: %+.5f against before the refit", mean)


def _losses(
    label: NDArray[np.float64], probability: NDArray[np.float64]
) -> NDArray[np.float64]:
    chance = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(-(label * np.log(chance) + (1 - label) * np.log1p(-chance)))


def _standard_error(worse: NDArray[np.float64], customer: pd.Series) -> float:
    """Return the standard error of a mean over rows; a customer's rows go together."""
    apart = pd.Series(worse - worse.mean()).groupby(customer.to_numpy()).sum()
    return float(np.sqrt((apart**2).sum()) / len(worse))
