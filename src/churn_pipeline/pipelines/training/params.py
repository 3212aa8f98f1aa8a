"""Parameters of training (root key `training`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churn_pipeline.dataset import Params
from churn_pipeline.models.settings import (
    BoostingSettings,
    CalibrationSettings,
    FitSettings,
    NetSettings,
    TuningSettings,
    VocabularySettings,
)


class Training(Params):
    """How candidates are trained and which one becomes the artifact.

    Attributes:
        choose_by: Metric of the validation rows by which the candidate is chosen.
        vocabulary: Which categories are learnt.
        net: The net's settings: of the first trial, and of the fit without tuning.
        fit: How the net is fit and where.
        tuning: The study.
        logistic_inverse_penalty: `C` of the logistic regression, above 0.
        boosting: The boosted trees.
        calibration: How probabilities are calibrated.
        golden_rows: Rows kept in the artifact with their probabilities, at least 16.
    """

    choose_by: Literal["log_loss", "brier", "roc_auc", "average_precision"] = "log_loss"
    vocabulary: VocabularySettings = VocabularySettings()
    net: NetSettings = NetSettings()
    fit: FitSettings = FitSettings()
    tuning: TuningSettings = TuningSettings()
    logistic_inverse_penalty: float = Field(1.0, gt=0)
    boosting: BoostingSettings = BoostingSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    golden_rows: int = Field(24, ge=16)
