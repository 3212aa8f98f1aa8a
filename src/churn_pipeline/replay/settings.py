"""All parameters that a replay goes by, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.monitoring.alerts.tell import Alerts
from churn_pipeline.monitoring.params import DriftReporting, PerformanceReporting
from churn_pipeline.pipelines.evaluation.params import Evaluation
from churn_pipeline.pipelines.monitoring.nodes import Monitoring
from churn_pipeline.pipelines.release.nodes import ReleaseParams
from churn_pipeline.pipelines.training.package import Recipe
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.replay.params import Replay
from churn_pipeline.simulation.params import Simulation


@dataclass(frozen=True)
class Settings:
    """The data set's parameters, with what the replay takes instead.

    Attributes:
        replay: What is replayed.
        dataset: What the tables mean.
        feature_engineering: Windows, population, split.
        training: Families and their settings.
        decision: Costs and values.
        evaluation: How a model is judged, and the gate.
        release: What becomes of a model that passed.
        drift_reporting: When something drifted.
        performance_reporting: When a model is worse.
        monitoring: When a model is made anew.
        alerts: Who is told of what.
        simulate: The simulated company; None of another data set.
        seed: Of everything random.
    """

    replay: Replay
    dataset: Dataset
    feature_engineering: FeatureEngineering
    training: Training
    decision: Decision
    evaluation: Evaluation
    release: ReleaseParams
    drift_reporting: DriftReporting
    performance_reporting: PerformanceReporting
    monitoring: Monitoring
    alerts: Alerts
    simulate: Simulation | None
    seed: int

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Settings:
        """Return the settings of a data set's parameters.

        Args:
            parameters: As Kedro loads them, with the root key `replay`.

        Raises:
            ValueError: One is not known, or has no such value.
        """
        replay = Replay.model_validate(parameters["replay"])
        told = _merged(parameters, replay.instead)
        dataset = Dataset.model_validate(told["dataset"])
        planted = replay.planted
        simulated = planted is not None and dataset.name in planted.companies
        if not simulated:
            replay = replay.model_copy(update={"planted": None})
        return cls(
            replay=replay,
            dataset=dataset,
            feature_engineering=FeatureEngineering.model_validate(
                told["feature_engineering"] | {"as_of": None}
            ),
            training=Training.model_validate(told["training"]),
            decision=Decision(**told["decision"]),
            evaluation=Evaluation.model_validate(told["evaluation"]),
            release=ReleaseParams.model_validate(told["release"]),
            drift_reporting=DriftReporting.model_validate(told["drift_reporting"]),
            performance_reporting=PerformanceReporting.model_validate(
                told["performance_reporting"]
            ),
            monitoring=Monitoring.model_validate(told["monitoring"]),
            alerts=Alerts.model_validate(told["alerts"]),
            simulate=Simulation.model_validate(told["simulate"]) if simulated else None,
            seed=int(told["seed"]),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as nodes ask for them: `params:<root key>`."""
        return {f"params:{name}": value for name, value in vars(self).items()}

    @property
    def recipe(self) -> Recipe:
        """What a model follows from, beside its data and code."""
        return Recipe(
            self.dataset,
            self.feature_engineering,
            self.training,
            self.decision,
            self.seed,
        )


def _merged(known: Mapping[str, Any], instead: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with others in place of those that are named."""
    found = dict(known)
    for name, value in instead.items():
        before = known.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[name] = _merged(before, value)
        else:
            found[name] = value
    return found
