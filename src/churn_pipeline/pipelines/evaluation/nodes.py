"""Judge a model on the test split: how good, for whom, why, better than another."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import ibis
import pandas as pd

from churn_pipeline.evaluation.comparison import Difference, compare
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.fairness import fairness_by_group
from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.evaluation.slices import levels, measure_slice
from churn_pipeline.feature import FeatureSet
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.headline import headline_metrics
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.gate import decide
from churn_pipeline.release.provenance import row_facts
from churn_pipeline.release.reigning import Reigning

COMPARED = (
    "log_loss",
    "roc_auc",
    "average_precision",
    "profit",
    "calibration_square",
)

Champion = Reigning | ArtifactError | None


def score_test_rows(
    *,
    model_input: pd.DataFrame,
    artifact: Artifact,
    feature_set: dict[str, Any],
    decision: Decision,
    test_predictions: pd.DataFrame,
    true_churn_probability: ibis.Table | None,
    reigning_champion: Champion,
) -> dict[str, Any]:
    """Return the test rows with every probability, and whether the champion could.

    Returns:
        `rows`: the table; `champion`: `state` (none, usable, unusable), `version`,
        `reason`, and the `digest` of the one of its artifacts that was asked: one
        that has not learnt from these rows.
    """
    table = judged.assemble(
        model_input,
        artifact,
        FeatureSet.model_validate(feature_set),
        decision=decision,
        test_predictions=test_predictions,
        truth=true_churn_probability,
    )
    if not isinstance(reigning_champion, Reigning):
        damage = "" if reigning_champion is None else str(reigning_champion)
        state = "unusable" if damage else "none"
        return {"rows": table, "champion": _champion(state, reason=damage)}
    try:
        rows = judged.held_out(model_input)
        champion = reigning_champion.for_rows(row_facts(rows))
        answers = judged.by_champion(rows, champion)
    except ValueError as error:
        return {"rows": table, "champion": _champion("unusable", reason=str(error))}
    told = _champion("usable", champion.manifest.version)
    return {
        "rows": table.assign(**answers),
        "champion": told | {"digest": champion.manifest.digest},
    }


def measure(
    *,
    model_input: pd.DataFrame,
    scored_test_rows: pd.DataFrame,
    artifact: Artifact,
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, float]:
    """Return the metrics by name, with the ends of their intervals.

    Returns:
        Metric -> value, `<metric>_low`, `<metric>_high`; the candidates' under
        `baselines.<name>.`; the ceiling's where the true probability is known; those
        of the calls that there is time for as `<metric>_at_capacity`. What is not
        defined is left out.
    """
    return headline_metrics(
        scored_test_rows,
        manifest=artifact.manifest,
        capacity_share=judged.capacity_share(model_input, decision),
        decision=decision,
        evaluation=evaluation,
        seed=seed,
    )


def measure_segments(
    *,
    scored_test_rows: pd.DataFrame,
    feature_set: dict[str, Any],
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> pd.DataFrame:
    """Return the metrics of each level of each segment, one row a level."""
    found = [
        {
            "segment": segment,
            "level": level,
            **measure_slice(
                judged.ranking(
                    part, judged.PROBABILITY, part[judged.THRESHOLD], decision
                ),
                part["customer_id"],
                sizes=evaluation.sizes,
                resamples=evaluation.segment_resamples,
                confidence=evaluation.confidence,
                seed=seed,
            ),
        }
        for segment, level, part in judged.parts(
            scored_test_rows, feature_set["segments"]
        )
    ]
    return pd.DataFrame(found, columns=None if found else ["segment", "level"])


def measure_fairness(
    scored_test_rows: pd.DataFrame,
    feature_set: dict[str, Any],
    evaluation: Evaluation,
    seed: int,
) -> pd.DataFrame:
    """Return how each group of each sensitive column is treated, one row a group."""
    found = [
        {"column": column, **row}
        for column in feature_set["sensitive"]
        for row in fairness_by_group(
            scored_test_rows["label"],
            scored_test_rows[judged.PROBABILITY],
            levels(judged.group_values(scored_test_rows, column)),
            customer=scored_test_rows["customer_id"],
            threshold=scored_test_rows[judged.THRESHOLD],
            sizes=evaluation.sizes,
            resamples=evaluation.segment_resamples,
            confidence=evaluation.confidence,
            seed=seed,
        )
    ]
    return pd.DataFrame(found, columns=None if found else ["column", "group"])


def compare_with_champion(
    *,
    scored_test_rows: pd.DataFrame,
    champion_on_test: dict[str, Any],
    feature_set: dict[str, Any],
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, Any]:
    """Return how much better the model is than the champion on the same rows.

    Without a champion it is compared with the base rate: everybody gets the churn
    rate of the test split itself, the best constant that there is.

    Returns:
        What the gate reads: `n_rows`, `n_churners`, `champion`, `theirs` (the metrics
        of the champion, or of the base rate), `differences`, `segments`.
    """
    champion = champion_on_test
    rows = _with_opponent(scored_test_rows, champion, decision)
    differ = partial(
        _difference, decision=decision, confidence=evaluation.confidence, seed=seed
    )
    whole = differ(rows, evaluation.resamples)
    segments = [
        {
            "segment": segment,
            "level": level,
            **asdict(differ(part, evaluation.segment_resamples)["log_loss"]),
        }
        for segment, level, part in judged.parts(rows, feature_set["segments"])
        if not evaluation.sizes.small(part["label"])
    ]
    return {
        "n_rows": len(rows),
        "n_churners": int(rows["label"].sum()),
        "champion": champion,
        "theirs": opponent_metrics(scored_test_rows, champion, decision),
        "differences": {name: asdict(found) for name, found in whole.items()},
        "segments": segments,
    }


def _difference(
    rows: pd.DataFrame,
    resamples: int,
    *,
    decision: Decision,
    confidence: float,
    seed: int,
) -> dict[str, Difference]:
    """Return how far this model's metrics are from the champion's on some rows."""
    return compare(
        judged.ranking(rows, judged.PROBABILITY, rows[judged.THRESHOLD], decision),
        _of_champion(rows, decision),
        rows["customer_id"],
        metrics=COMPARED,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )


def opponent_metrics(
    scored: pd.DataFrame, champion_on_test: dict[str, Any], decision: Decision
) -> dict[str, float]:
    """Return the metrics of the champion on scored rows, or else of the base rate."""
    rows = _with_opponent(scored, champion_on_test, decision)
    return _of_champion(rows, decision).measure()


def _of_champion(rows: pd.DataFrame, decision: Decision) -> Ranking:
    """Return how the champion ranks some rows."""
    threshold = rows[judged.CHAMPION_THRESHOLD]
    return judged.ranking(rows, judged.CHAMPION, threshold, decision)


def _with_opponent(
    rows: pd.DataFrame, champion: dict[str, Any], decision: Decision
) -> pd.DataFrame:
    """Return the rows with what the champion says, or else the base rate."""
    if champion["state"] == "usable":
        return rows
    base: dict[str, Any] = {
        judged.CHAMPION: rows["label"].mean(),
        judged.CHAMPION_THRESHOLD: decision.threshold(rows[judged.VALUE]),
    }
    return rows.assign(**base)


def decide_gate(
    champion_comparison: dict[str, Any],
    behavioural_tests: list[dict[str, Any]],
    metrics: dict[str, float],
    evaluation: Evaluation,
) -> dict[str, Any]:
    """Return whether the model may be released, and why."""
    verdict = decide(champion_comparison, behavioural_tests, metrics, evaluation.gate)
    return verdict.model_dump(mode="json")


def _champion(
    state: str, version: str | None = None, reason: str = ""
) -> dict[str, Any]:
    return {"state": state, "version": version, "reason": reason, "digest": ""}
