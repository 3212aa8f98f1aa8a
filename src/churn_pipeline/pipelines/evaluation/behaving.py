"""What the model leans on, and whether it behaves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from churn_pipeline.evaluation import behaviour
from churn_pipeline.evaluation.importance import rank_agreement
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.reigning import Reigning


def rank_features(
    artifact: Artifact,
    reigning_champion: Reigning | ArtifactError | None,
    champion_on_test: dict[str, Any],
) -> pd.DataFrame:
    """Return how much the model leans on what the features tell of, and the champion.

    Returns:
        `topic`, `features` (their names), `importance` (mean absolute contribution to
        the log-odds of churn), `champion_importance` (NaN where there is no usable
        champion); the greatest first.
    """
    members = artifact.topics
    mine = pd.DataFrame(
        [
            {"topic": topic, "features": ", ".join(members[topic]), "importance": value}
            for topic, value in artifact.importance.items()
        ]
    )
    theirs: dict[str, float] = {}
    if (
        isinstance(reigning_champion, Reigning)
        and champion_on_test["state"] == "usable"
    ):
        theirs = reigning_champion.of_digest(champion_on_test["digest"]).importance
    return mine.assign(champion_importance=mine["topic"].map(theirs).astype(float))


def check_behaviour(
    *,
    model_input: pd.DataFrame,
    scored_test_rows: pd.DataFrame,
    feature_importance: pd.DataFrame,
    artifact: Artifact,
    evaluation: Evaluation,
    seed: int,
) -> list[dict[str, Any]]:
    """Return the outcomes of the behavioural tests."""
    limits = evaluation.behaviour
    rows = judged.sample(judged.held_out(model_input), evaluation.behaviour_rows, seed)
    columns = judged.columns(rows, artifact)
    probability = scored_test_rows[judged.PROBABILITY].to_numpy()
    label = scored_test_rows["label"].to_numpy()
    shared = feature_importance.dropna().set_index("topic")
    agreement = rank_agreement(
        dict(zip(shared.index, shared["importance"], strict=True)),
        dict(zip(shared.index, shared["champion_importance"], strict=True)),
        top=limits.importance_top,
    )
    checks = [
        behaviour.check_range(probability),
        behaviour.check_missing(artifact.predict, columns),
        behaviour.check_churn_rate(probability, label, within=limits.churn_rate_within),
        behaviour.check_stability(agreement, at_least=limits.importance_agreement),
        *behaviour.check_directions(
            artifact.predict,
            columns,
            {k: v for k, v in limits.expected_directions.items() if k in columns},
            tolerance=limits.direction_tolerance,
        ),
    ]
    return [_without_nan(asdict(check)) for check in checks]


def _without_nan(check: dict[str, Any]) -> dict[str, Any]:
    """Return a check for JSON, which has no NaN."""
    unknown = check["value"] != check["value"]
    return {**check, "value": None if unknown else check["value"]}
