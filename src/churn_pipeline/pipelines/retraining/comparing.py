"""A retrained model beside the champion: on all customers, each by a fit without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.feature import FeatureSet
from churn_pipeline.features.folds import draw
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.features.split import NOT_MATURE, TEST
from churn_pipeline.monitoring.decision import found_changed
from churn_pipeline.pipelines.evaluation import rows as judged
from churn_pipeline.pipelines.evaluation.nodes import (
    Champion,
    compare_with_champion,
    opponent_metrics,
)
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.pipelines.monitoring.nodes import Monitoring
from churn_pipeline.pipelines.release.refit import fit_on_all
from churn_pipeline.pipelines.training.choice import keys_of
from churn_pipeline.pipelines.training.package import Recipe
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.workers import usable_cores
from churn_pipeline.progress import bar
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.provenance import row_facts
from churn_pipeline.release.reigning import Reigning


@dataclass(frozen=True)
class _Procedure:
    """How the model that wants to be champion was made, but for its rows."""

    family: str
    net_settings: dict[str, Any]
    feature_set: dict[str, Any]
    recipe: Recipe

    def fit(self, rows: pd.DataFrame) -> Artifact:
        """Return it made of other rows, number of trees and calibration anew."""
        made, _ = fit_on_all(
            rows.reset_index(drop=True),
            self.feature_set,
            family=self.family,
            net_settings=self.net_settings,
            recipe=self.recipe,
            threads=self.recipe.training.threads or usable_cores(),
        )
        return made

    def score(self, rows: pd.DataFrame, artifact: Artifact) -> pd.DataFrame:
        """Return rows with what an artifact says of them, as the test's are."""
        tested = rows.assign(split=TEST)
        return judged.assemble(
            tested,
            artifact,
            FeatureSet.model_validate(self.feature_set),
            decision=self.recipe.decision,
            test_predictions=keys_of(tested, TEST),
            truth=None,
        )


def score_all_customers(
    *,
    model_input: pd.DataFrame,
    feature_set: dict[str, Any],
    scored_test_rows: pd.DataFrame,
    champion_on_test: dict[str, Any],
    artifact: Artifact,
    net_settings: dict[str, Any],
    reigning_champion: Champion,
    dataset: Dataset,
    feature_engineering: FeatureEngineering,
    training: Training,
    decision: Decision,
    monitoring: Monitoring,
    seed: int,
) -> pd.DataFrame:
    """Return the rows that a model and the champion are compared on.

    The test rows are those of some customers. The others of the same dates are answered
    for by models of the same family and settings, each fit without the customers that
    it answers for, so that everybody is held apart once: several times the customers,
    and a gain that is there is seen months earlier.

    Args:
        model_input: All rows, split by customer.
        feature_set: What the columns are.
        scored_test_rows: The test rows, with what model and champion say of them.
        champion_on_test: Whether the champion could, and which of its artifacts.
        artifact: The model, which was fit without the customers of the test rows.
        net_settings: The tuned settings of the net.
        reigning_champion: The champion.
        dataset: The data set.
        feature_engineering: Folds of a fit.
        training: Settings of every family.
        decision: Costs and values.
        monitoring: How many customers are held apart at a time.
        seed: Of the draws of customers, as in the split.

    Returns:
        `scored_test_rows`, and such rows of the other customers where the champion has
        learnt from none of them; else the test rows alone.
    """
    share = monitoring.retrain.held_customers
    if share is None or dataset.shape == "snapshot":
        return scored_test_rows
    rows, part = _labelled(model_input, share, seed)
    asked = rows["observation_date"].isin(_dates_of_test(model_input))
    champion = _unseen(reigning_champion, champion_on_test, rows[asked])
    if champion is None:
        return scored_test_rows
    procedure = _Procedure(
        artifact.manifest.family,
        net_settings,
        feature_set,
        Recipe(dataset, feature_engineering, training, decision, seed),
    )
    found = [scored_test_rows]
    for apart in _others(part[asked]):
        without = procedure.fit(rows[part != apart])
        held = rows[asked & (part == apart)].reset_index(drop=True)
        scored = procedure.score(held, without)
        found.append(scored.assign(**judged.by_champion(held, champion)))
    return pd.concat(found, ignore_index=True)


def compare_again(
    *,
    scored_test_rows: pd.DataFrame,
    compared_rows: pd.DataFrame,
    champion_on_test: dict[str, Any],
    last_retraining_decision: dict[str, Any] | None,
    feature_set: dict[str, Any],
    decision: Decision,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, Any]:
    """Return how much better a retrained model is than the champion.

    Where the decision to train it found champion or customers changed, intervals are
    as sure as the gate asks for then.

    Args:
        scored_test_rows: What the metrics of the model are taken on.
        compared_rows: What both are compared on.
        champion_on_test: Whether the champion could.
        last_retraining_decision: Why it was trained; None: nothing was decided yet.
        feature_set: What the columns are.
        decision: Costs and values.
        evaluation: The gate's rules, and how sure.
        seed: Of the bootstrap.

    Returns:
        What the gate reads, see `compare_with_champion`; `theirs` are the champion's
        metrics on the test rows, for the card to show beside the model's own.
    """
    after = evaluation.gate.confidence_after_change
    if after is not None and found_changed(last_retraining_decision):
        evaluation = evaluation.model_copy(update={"confidence": after})
    found = compare_with_champion(
        scored_test_rows=compared_rows,
        champion_on_test=champion_on_test,
        feature_set=feature_set,
        decision=decision,
        evaluation=evaluation,
        seed=seed,
    )
    theirs = opponent_metrics(scored_test_rows, champion_on_test, decision)
    return found | {"theirs": theirs, "confidence": evaluation.confidence}


def _labelled(
    model_input: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the rows with a known label, and when each customer is held apart.

    Those of the test come first, as number 0.
    """
    known = model_input["label"].notna() & (model_input["split"] != NOT_MATURE)
    rows = model_input[known]
    return rows, (draw(rows["customer_id"], seed) / share).astype(np.int64)


def _dates_of_test(model_input: pd.DataFrame) -> NDArray[Any]:
    tests = model_input["split"] == TEST
    return np.asarray(model_input.loc[tests, "observation_date"].unique())


def _others(part: NDArray[np.int64]) -> Iterator[int]:
    """Yield the groups of customers but the test's, showing how many are done."""
    left = [int(number) for number in np.unique(part) if number]
    with bar("comparing on all customers", len(left)) as line:
        for number in left:
            yield number
            line.advance()


def _unseen(
    reigning: Champion, on_test: dict[str, Any], rows: pd.DataFrame
) -> Artifact | None:
    """Return the artifact that was asked for the test rows, had it not seen others."""
    if on_test["state"] != "usable" or not isinstance(reigning, Reigning):
        return None
    try:
        found = reigning.for_rows(row_facts(rows))
    except ArtifactError:
        return None
    return found if found.manifest.digest == on_test["digest"] else None
