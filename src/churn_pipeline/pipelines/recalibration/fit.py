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


@dataclass(frozen=True)
class Matured:
    """Rows that the champion has not learnt from, with labels that are known by now.

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
    """Return the rows newer than the champion's whose label is known.

    Raises:
        ValueError: There are none.
    """
    known, last = model_input["label"].notna(), champion.manifest.fitted.facts.last
    newer = pd.to_datetime(model_input["observation_date"]) > pd.Timestamp(last)
    rows = model_input[newer & known].reset_index(drop=True)
    if rows.empty:
        raise ValueError(
            f"expected rows with known labels newer than {last}, until when "
            f"{champion.manifest.version} has learnt, got none in {len(model_input):,} "
            "rows; run feature_engineering on newer data (a later `as_of`) first"
        )
    session = Session(recalibrated(champion.files[MODEL], UNCALIBRATED))
    given = columns(rows, champion)
    return Matured(rows, session.log_odds(table_of(champion.manifest.features, given)))


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
        _draft(reigning, matured, known).model_copy(update={"conformal": conformal}),
        model=recalibrated(champion.files[MODEL], made),
        weights=recalibrated_weights(champion.files[WEIGHTS], made),
        golden=golden,
        background=columns(picked, champion),
    )


def _fit(logit: Floats, label: Floats, settings: CalibrationSettings) -> Calibration:
    return fit_calibration(logit, label, prior_rows=settings.prior_rows)


def _draft(reigning: Reigning, matured: Matured, known: pd.DataFrame) -> Manifest:
    """Return the champion's manifest with what is told of the data replaced."""
    before = reigning.served.manifest
    dates = pd.to_datetime(known["observation_date"])
    last = before.fitted.facts.last
    learnt = known[known["label"].notna() & (dates <= pd.Timestamp(last))]
    facts = row_facts(pd.concat([learnt, matured.rows]))
    reach: dt.timedelta = before.fitted.labels_until - last
    data = f"{before.hashes.data} {facts.keys}".encode() + matured.label.tobytes()
    measured = before.measured
    if measured is not None and measured.artifact is None:
        measured = MeasuredOn(facts=measured.facts, artifact=before.digest)
    return before.model_copy(
        update={
            "hashes": before.hashes.model_copy(update={"data": sha256(data)}),
            "fitted": FittedOn(facts=facts, labels_until=facts.last + reach),
            "measured": measured,
            "files": {},
            "digest": "",
        }
    )
