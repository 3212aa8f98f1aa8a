"""The champion with a map of its logit that newer labels tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.features.folds import assign_folds
from churn_pipeline.models.calibration import Calibration, fit_calibration
from churn_pipeline.models.conformal import fit_conformal
from churn_pipeline.models.recalibration import (
    UNCALIBRATED,
    recalibrated,
    recalibrated_weights,
)
from churn_pipeline.models.settings import CalibrationSettings
from churn_pipeline.pipelines.evaluation.rows import columns
from churn_pipeline.release.artifact import MODEL, WEIGHTS, Artifact, Manifest
from churn_pipeline.release.explanation import table_of
from churn_pipeline.release.integrity import sha256
from churn_pipeline.release.provenance import FittedOn, MeasuredOn, row_facts
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.release.session import Session

Floats = NDArray[np.float64]
_BACKGROUND_ROWS = 2048


NEWEST = 3
"""Newest dates that a calibration is learnt from: how many leave changes with time."""


@dataclass(frozen=True)
class Matured:
    """Rows that tell a calibration, with labels that are known by now.

    Attributes:
        rows: The rows.
        logit: What the champion says of each, uncalibrated, float64, (n_rows,).
    """

    rows: pd.DataFrame
    logit: Floats

    @property
    def label(self) -> Floats:
        """1 churned, 0 stayed, (n_rows,)."""
        return self.rows["label"].to_numpy(np.float64)


def matured_since(model_input: pd.DataFrame, champion: Artifact) -> Matured:
    """Return the labelled rows of the newest dates, none of which the ranking has seen.

    Raises:
        ValueError: None is newer than all that the champion has learnt from.
    """
    fitted, dates = champion.manifest.fitted, _dates(model_input)
    known, last = model_input["label"].notna(), fitted.facts.last
    unseen = known & (dates > pd.Timestamp(fitted.of_ranking.facts.last))
    newest = np.sort(dates[unseen].unique())[-NEWEST:]
    rows = model_input[unseen & dates.isin(newest)].reset_index(drop=True)
    if not is_newer(rows, champion).any():
        raise ValueError(
            f"expected rows with known labels newer than {last}, until when "
            f"{champion.manifest.version} has learnt, got none in {len(model_input):,} "
            "rows; run feature_engineering on newer data (a later `as_of`) first"
        )
    session = Session(recalibrated(champion.files[MODEL], UNCALIBRATED))
    given = columns(rows, champion)
    return Matured(rows, session.log_odds(table_of(champion.manifest.features, given)))


def is_newer(rows: pd.DataFrame, champion: Artifact) -> NDArray[np.bool_]:
    """Return whether each row is newer than all that the champion has learnt from."""
    last = pd.Timestamp(champion.manifest.fitted.facts.last)
    return np.asarray(_dates(rows) > last)


def cross_fit(matured: Matured, settings: CalibrationSettings, seed: int) -> Floats:
    """Return the probability of each row by a map that has not seen its customer.

    Raises:
        ValueError: Fewer than two customers churned, or stayed.
    """
    label = matured.label
    fold = assign_folds(matured.rows["customer_id"], label, folds=None, seed=seed)
    found = np.empty(len(label))
    for held in np.unique(fold):
        out = fold == held
        made = _fit(matured.logit[~out], label[~out], settings)
        found[out] = made.probability(matured.logit[out])
    return found


def calibrate_again(
    reigning: Reigning,
    matured: Matured,
    known: pd.DataFrame,
    *,
    cross_fitted: Floats,
    since: dt.date | None,
    settings: CalibrationSettings,
) -> Artifact:
    """Return the champion with a map fit on all matured rows.

    Its figures stay those of the model that it was measured as; what the new map
    gains is for the gate to say.

    Args:
        reigning: The champion.
        matured: The rows.
        known: The rows that the champion was made from.
        cross_fitted: Probabilities of the matured rows, as of `cross_fit`.
        since: Observation date from which on customers leave as they do now.
        settings: How probabilities are calibrated.
    """
    champion = reigning.served
    made = _fit(matured.logit, matured.label, settings)
    conformal = fit_conformal(cross_fitted, matured.label, coverage=settings.coverage)
    n_rows = len(matured.rows)
    some = np.linspace(0, n_rows - 1, min(_BACKGROUND_ROWS, n_rows)).astype(int)
    picked = matured.rows.iloc[some]
    golden, _ = champion.golden
    return Artifact.create(
        _draft(reigning, matured, known, since).model_copy(
            update={"conformal": conformal}
        ),
        model=recalibrated(champion.files[MODEL], made),
        weights=recalibrated_weights(champion.files[WEIGHTS], made),
        golden=golden,
        background=columns(picked, champion),
    )


def _dates(rows: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(rows["observation_date"])


def _fit(logit: Floats, label: Floats, settings: CalibrationSettings) -> Calibration:
    return fit_calibration(logit, label, prior_rows=settings.prior_rows)


def _draft(
    reigning: Reigning, matured: Matured, known: pd.DataFrame, since: dt.date | None
) -> Manifest:
    """Return the champion's manifest with what is told of the data replaced."""
    before = reigning.served.manifest
    fitted = before.fitted.model_copy(update={"version": before.version})
    ranking = before.fitted.before or fitted
    last = ranking.facts.last
    learnt = known[known["label"].notna() & (_dates(known) <= pd.Timestamp(last))]
    facts = row_facts(pd.concat([learnt, matured.rows]))
    reach: dt.timedelta = ranking.labels_until - last
    data = f"{before.hashes.data} {facts.keys}".encode() + matured.label.tobytes()
    measured = before.measured
    if measured is not None and measured.artifact is None:
        measured = MeasuredOn(facts=measured.facts, artifact=before.digest)
    return before.model_copy(
        update={
            "hashes": before.hashes.model_copy(update={"data": sha256(data)}),
            "fitted": FittedOn(
                facts=facts,
                labels_until=facts.last + reach,
                before=ranking,
                since=since,
            ),
            "measured": measured,
            "files": {},
            "digest": "",
        }
    )
