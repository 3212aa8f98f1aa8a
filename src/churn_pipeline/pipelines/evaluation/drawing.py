"""Draw what was found: figures for kedro-viz, and the model card."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churn_pipeline.dataset import ColumnLabel, Dataset, Label
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.release.artifact import Artifact


def draw_performance(
    scored_test_rows: pd.DataFrame,
    metrics: dict[str, float],
    decision: Decision,
    dataset: Dataset,
) -> dict[str, Any]:
    """Return the figures of how good the model is, by the name of their dataset."""
    from churn_pipeline.evaluation import plots

    given = _judged(scored_test_rows, metrics, decision, dataset)
    return {
        "roc": plots.draw_roc(given),
        "precision_recall": plots.draw_precision_recall(given),
        "gains": plots.draw_gains(given),
        "calibration": plots.draw_calibration(given),
        "profit": plots.draw_profit(given),
        "scores": plots.draw_scores(given),
    }


def draw_groups(
    segment_metrics: pd.DataFrame,
    feature_importance: pd.DataFrame,
    metrics: dict[str, float],
) -> dict[str, Any]:
    """Return the figures of what the model leans on, and of the segments."""
    from churn_pipeline.evaluation.group_plots import draw_importance, draw_segments

    return {
        "importance": draw_importance(
            feature_importance["topic"].tolist(),
            feature_importance["importance"].to_numpy(),
        ),
        "segments": draw_segments(_records(segment_metrics), metrics["roc_auc"]),
    }


def write_model_card(
    *,
    scored_test_rows: pd.DataFrame,
    artifact: Artifact,
    metrics: dict[str, float],
    segment_metrics: pd.DataFrame,
    fairness: pd.DataFrame,
    feature_importance: pd.DataFrame,
    champion_comparison: dict[str, Any],
    behavioural_tests: list[dict[str, Any]],
    gate_verdict: dict[str, Any],
    data_quality: dict[str, Any],
    decision: Decision,
    dataset: Dataset,
    evaluation: Evaluation,
) -> str:
    """Return the model card, one HTML page."""
    from churn_pipeline.evaluation.card import CardFacts, write_card
    from churn_pipeline.validation.twins import copies_told

    importance = feature_importance.set_index("topic")["importance"]
    facts = CardFacts(
        **_of_the_model(artifact),
        dates=_first_and_last(scored_test_rows),
        candidates=list(judged.candidates(scored_test_rows)),
        segments=_records(segment_metrics),
        fairness=_records(fairness),
        importance={str(name): float(value) for name, value in importance.items()},
        comparison=champion_comparison,
        behaviour=behavioural_tests,
        verdict=gate_verdict,
        confidence=evaluation.confidence,
        doubts=copies_told(data_quality["findings"]),
    )
    given = _judged(scored_test_rows, metrics, decision, dataset)
    return write_card(given, facts)


def _of_the_model(artifact: Artifact) -> dict[str, Any]:
    """Return the card's facts that the artifact tells by itself."""
    manifest = artifact.manifest
    return {
        "version": manifest.version,
        "dataset": manifest.dataset,
        "family": manifest.family,
        "fitted_rows": manifest.fitted.facts.rows,
        "label": label_in_words(manifest.label),
        "descriptions": _descriptions(artifact),
        "hashes": {**manifest.hashes.model_dump(), "the manifest": manifest.digest},
        "packages": manifest.packages,
    }


def _first_and_last(rows: pd.DataFrame) -> tuple[str, str]:
    """Return the first and the last observation date, ISO."""
    dates = pd.to_datetime(rows["observation_date"]).dt.strftime("%Y-%m-%d")
    return dates.min(), dates.max()


def _descriptions(artifact: Artifact) -> dict[str, str]:
    """Return what each topic is: of one feature its words, of several their names."""
    words = {f.name: f.description for f in artifact.manifest.features}
    return {
        topic: words[names[0]] if len(names) == 1 else ", ".join(names)
        for topic, names in artifact.topics.items()
    }


def label_in_words(label: Label) -> str:
    """Return how churn was told, as a sentence for people.

    Examples:
        >>> label_in_words(ColumnLabel(rule="column", column="Exited", positive="1"))
        'A customer counts as churned where the column Exited says 1.'
    """
    if isinstance(label, ColumnLabel):
        return (
            f"A customer counts as churned where the column {label.column} says "
            f"{label.positive}."
        )
    what = {
        "inactivity": "buys nothing",
        "contract_end": "lets the contract end (without a contract: buys nothing)",
    }[label.rule]
    start = f", after {label.lead_time_days} days in which nothing can be done"
    return (
        f"A customer counts as churned who {what} within {label.horizon_days} days of "
        f"the observation date{start if label.lead_time_days else ''}. Customers whose "
        "days have not all passed yet are left out."
    )


class _Metrics(dict[str, float]):
    """Metrics of which one that was not defined is NaN."""

    def __missing__(self, name: str) -> float:
        return float("nan")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _judged(
    rows: pd.DataFrame,
    metrics: dict[str, float],
    decision: Decision,
    dataset: Dataset,
) -> Any:
    """Return what figures and card are drawn from."""
    from churn_pipeline.evaluation.plots import Judged

    columns = {"this model": judged.PROBABILITY, **judged.candidates(rows)}
    if judged.CHAMPION in rows:
        columns["champion"] = judged.CHAMPION
    if judged.truth_is_known(rows):
        columns["true hazard"] = judged.TRUTH
    return Judged(
        label=rows["label"].to_numpy(),
        models={name: rows[column].to_numpy() for name, column in columns.items()},
        metrics=_Metrics(metrics),
        value=rows[judged.VALUE].to_numpy(),
        decision=decision,
        currency=dataset.currency,
    )
