"""Parameters of training (root key `training`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from churn_pipeline.models.settings import (
    BoostingSettings,
    CalibrationSettings,
    FitSettings,
    NetSettings,
    TuningSettings,
    VocabularySettings,
)
from churn_pipeline.params import Params
from churn_pipeline.pipelines.training.families import FAMILIES, check_families


class Training(Params):
    """How candidates are trained and which one becomes the artifact.

    Attributes:
        candidates: Families that are trained, the one with most to do first.
        choose_by: Metric of the held-out rows by which the candidate is chosen;
            `profit`: the least money lost to not knowing who leaves.
        vocabulary: Which categories are learnt.
        net: The net's settings: of the first trial, and of the fit without tuning.
        fit: How the net is fit and where.
        tuning: The study.
        logistic_inverse_penalty: `C` of the logistic regression, above 0.
        boosting: The boosted trees.
        calibration: How probabilities are calibrated.
        processes: Candidates trained at the same time; 0: as many as there are
            cores. The candidates are the same whatever it is.
        threads: Threads of one candidate's fit; 0: cores by candidates.
        golden_rows: Rows kept in the artifact with their probabilities, at least 16.
    """

    candidates: Annotated[tuple[str, ...], AfterValidator(check_families)] = tuple(
        FAMILIES
    )
    choose_by: Literal[
        "log_loss", "profit", "brier", "roc_auc", "average_precision"
    ] = "log_loss"
    vocabulary: VocabularySettings = VocabularySettings()
    net: NetSettings = NetSettings()
    fit: FitSettings = FitSettings()
    tuning: TuningSettings = TuningSettings()
    logistic_inverse_penalty: float = Field(1.0, gt=0)
    boosting: BoostingSettings = BoostingSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    processes: int = Field(0, ge=0)
    threads: int = Field(0, ge=0)
    golden_rows: int = Field(24, ge=16)
