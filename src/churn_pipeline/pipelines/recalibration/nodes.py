"""Fit the champion's calibration again, judge what that gains, and propose it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.comparison import compare
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.monitoring.decision import since_of
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.pipelines.recalibration.fit import (
    calibrate_again,
    cross_fit,
    is_newer,
    matured_since,
)
from churn_pipeline.pipelines.release.nodes import ReleaseParams, propose, records
from churn_pipeline.pipelines.release.recipe import recipe_of_recalibration
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.gate import Verdict, decide
from churn_pipeline.release.proposal import Release
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.release.review.candidate import Candidate

_COMPARED = ("log_loss", "profit", "calibration_square")


def recalibrate(
    model_input: pd.DataFrame,
    model_input_of_champion: pd.DataFrame,
    *,
    feature_set: dict[str, Any],
    reigning_champion: Any,
    last_retraining_decision: dict[str, Any] | None,
    training: Training,
    decision: Decision,
    seed: int,
) -> dict[str, Any]:
    """Return the champion with another calibration, and what both say of newer rows.

    Args:
        model_input: The newest rows, with the labels that have matured by now.
        model_input_of_champion: The rows that the champion was made from.
        feature_set: Says which columns are sensitive.
        reigning_champion: The champion, as it serves and as it was measured.
        last_retraining_decision: Since when customers leave as they do now; None where
            nothing was decided yet.
        training: Of which the calibration counts.
        decision: Costs and values.
        seed: Of the folds.

    Returns:
        `recalibrated`: the artifact; `recalibrated_rows`: the rows that it was
        calibrated on with the probabilities of the champion, and of maps that have not
        seen the customer.

    Raises:
        ValueError: There is no champion, or no newer row with a label.
    """
    reigning = _require(reigning_champion)
    matured = matured_since(model_input, reigning.served)
    fresh = cross_fit(matured, training.calibration, seed)
    both = _side_by_side(matured.rows, fresh, reigning.served, decision)
    return {
        "recalibrated": calibrate_again(
            reigning,
            matured,
            model_input_of_champion,
            cross_fitted=fresh,
            since=since_of(last_retraining_decision),
            settings=training.calibration,
        ),
        "recalibrated_rows": matured.rows[
            [*judged.KEYS, "label", *feature_set["sensitive"]]
        ].assign(**both),
    }


def judge_recalibration(
    recalibrated_rows: pd.DataFrame,
    reigning_champion: Any,
    *,
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, Any]:
    """Return whether the calibration may be released, see `Verdict`.

    The rules are those of a new model but for the behaviour and the segments: the
    ranking is the champion's own.

    Args:
        recalibrated_rows: Newer rows with both probabilities.
        reigning_champion: The champion.
        decision: Costs and values.
        evaluation: The gate's rules, and how sure.
        seed: Of the bootstrap.
    """
    champion = _require(reigning_champion).served
    rows = recalibrated_rows[is_newer(recalibrated_rows, champion)]
    verdict = _judge(rows, champion, decision, evaluation, seed=seed)
    return verdict.model_dump(mode="json")


def try_calibration(
    model_input: pd.DataFrame,
    champion: Artifact,
    *,
    training: Training,
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, Any]:
    """Return what another calibration would gain, before one is asked for.

    Args:
        model_input: The newest rows, with the labels that have matured by now.
        champion: The artifact that serves.
        training: Of which the calibration counts.
        decision: Costs and values.
        evaluation: The gate's rules, and how sure.
        seed: Of folds and bootstrap.

    Returns:
        The gate's verdict, see `Verdict`; that it is refused where no newer label is
        known, or those of one kind alone.
    """
    try:
        matured = matured_since(model_input, champion)
        fresh = cross_fit(matured, training.calibration, seed)
    except ValueError as error:
        verdict = Verdict(approved=False, reasons=(str(error),), checks=())
        return verdict.model_dump(mode="json")
    both = _side_by_side(matured.rows, fresh, champion, decision)
    rows = matured.rows.assign(**both)[is_newer(matured.rows, champion)]
    verdict = _judge(rows, champion, decision, evaluation, seed=seed)
    return verdict.model_dump(mode="json")


def propose_recalibration(
    recalibrated: Artifact,
    recalibration_verdict: dict[str, Any],
    recalibration_fairness: pd.DataFrame,
    *,
    reigning_champion: Any,
    dependency_audit: dict[str, Any] | None,
    dataset: Dataset,
    training: Training,
    decision: Decision,
    release: ReleaseParams,
    seed: int,
) -> Release:
    """Return the model for the registry to take, with what gate and checks said."""
    measured = _require(reigning_champion).measured
    candidate = Candidate(
        artifact=recalibrated,
        verdict=Verdict.model_validate(recalibration_verdict),
        fairness=records(recalibration_fairness),
        dataset=dataset,
        card=None,
        audit=dependency_audit,
    )
    return propose(
        candidate,
        release,
        metrics=recalibrated.manifest.metrics,
        measured=measured if recalibrated.manifest.is_refit else None,
        recipe=recipe_of_recalibration(training, decision, seed),
    )


def carry_over(
    net_settings_of_champion: dict[str, Any],
    recalibrated_rows: pd.DataFrame,
    recalibrated: Artifact,
) -> dict[str, Any]:
    """Return what is looked up of a champion by its version, for the new one.

    Returns:
        `net_settings`: the champion's; `held_out_predictions`: of the newer rows, by
        maps that have not seen the customer.
    """
    family = recalibrated.manifest.family
    kept = recalibrated_rows[[*judged.KEYS, "label", judged.PROBABILITY]]
    return {
        "net_settings": net_settings_of_champion,
        "held_out_predictions": kept.rename(columns={judged.PROBABILITY: family}),
    }


def _side_by_side(
    rows: pd.DataFrame,
    probability: NDArray[np.float64],
    champion: Artifact,
    decision: Decision,
) -> dict[str, Any]:
    """Return the columns that two calibrations of a model are compared by."""
    return {
        judged.PROBABILITY: probability,
        judged.CHAMPION: champion.predict(judged.columns(rows, champion)),
        judged.THRESHOLD: judged.thresholds(rows, champion),
        judged.VALUE: decision.values(rows, len(rows)),
    }


def _judge(
    rows: pd.DataFrame,
    champion: Artifact,
    decision: Decision,
    evaluation: Evaluation,
    *,
    seed: int,
) -> Verdict:
    """Return what the gate says of rows with the probabilities of both maps."""
    threshold = rows[judged.THRESHOLD]
    mine = judged.ranking(rows, judged.PROBABILITY, threshold, decision)
    found = compare(
        mine,
        judged.ranking(rows, judged.CHAMPION, threshold, decision),
        rows["customer_id"],
        metrics=_COMPARED,
        resamples=evaluation.resamples,
        confidence=evaluation.confidence,
        seed=seed,
    )
    comparison = {
        "n_rows": len(rows),
        "n_churners": int(rows["label"].sum()),
        "champion": {"state": "usable", "version": champion.manifest.version},
        "differences": {name: asdict(difference) for name, difference in found.items()},
        "segments": [],
    }
    gate = evaluation.gate.model_copy(update={"required_checks": ()})
    return decide(comparison, [], mine.measure(), gate)


def _require(reigning: Any) -> Reigning:
    """Return the champion.

    Raises:
        ValueError: There is none.
        ArtifactError: Its files are missing or altered.
    """
    if isinstance(reigning, Reigning):
        return reigning
    if isinstance(reigning, Exception):
        raise reigning
    raise ValueError(
        "expected a champion to calibrate again, got none yet; train one: `kedro run`"
    )
