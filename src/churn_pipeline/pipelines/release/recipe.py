"""All parameters that a release follows from, kept beside it to make it again by."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field, ValidationError

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.params import Params
from churn_pipeline.pipelines.training.package import Recipe
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.pipelines.training.workers import usable_cores
from churn_pipeline.release.integrity import ArtifactError


class KeptRecipe(Params):
    """What `recipe.json` holds.

    Attributes:
        kind: Whether the model was trained, or the champion was calibrated again.
        training: Settings of the training; where its study lies is left out, since
            an address may hold a password.
        decision: Costs and values.
        seed: Of everything random.
        dataset: What the data set is; None of a calibration.
        feature_engineering: How features and labels are made; None of a calibration.
        net_settings: Settings of the net that the study found.
        cores: Cores that there were: sums over threads differ in their last digits.
    """

    kind: Literal["training", "recalibration"]
    training: Training
    decision: dict[str, Any]
    seed: int
    dataset: Dataset | None = None
    feature_engineering: FeatureEngineering | None = None
    net_settings: dict[str, Any] = Field(default_factory=dict)
    cores: int

    @property
    def recipe(self) -> Recipe:
        """The parameters of a training.

        Raises:
            ArtifactError: It is the recipe of a calibration.
        """
        if self.dataset is None or self.feature_engineering is None:
            raise ArtifactError(
                f"expected the recipe of a training, got one of a {self.kind}"
            )
        return Recipe(
            self.dataset,
            self.feature_engineering,
            self.training,
            self.costs,
            self.seed,
        )

    @property
    def costs(self) -> Decision:
        """Costs and values."""
        return Decision(**self.decision)

    @property
    def threads(self) -> int:
        """Threads that each candidate was fit with."""
        by_candidate = max(1, self.cores // len(self.training.candidates))
        return self.training.threads or by_candidate

    @property
    def refit_threads(self) -> int:
        """Threads that the released model was fit with again."""
        return self.training.threads or self.cores


def recipe_of_training(recipe: Recipe, net_settings: dict[str, Any]) -> str:
    """Return what `recipe.json` of a trained model holds.

    Args:
        recipe: Its parameters.
        net_settings: What the study of the net found.
    """
    return _text(
        recipe.training,
        recipe.decision,
        recipe.seed,
        kind="training",
        dataset=recipe.dataset.model_dump(mode="json"),
        feature_engineering=recipe.feature_engineering.model_dump(mode="json"),
        net_settings=net_settings,
    )


def recipe_of_recalibration(training: Training, decision: Decision, seed: int) -> str:
    """Return what `recipe.json` of a calibration made again holds."""
    return _text(training, decision, seed, kind="recalibration")


def read_recipe(content: bytes) -> KeptRecipe:
    """Return a kept recipe.

    Raises:
        ArtifactError: It is none of this code's.
    """
    try:
        return KeptRecipe.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ArtifactError(
            f"expected the parameters of a release, got {first['loc']}: "
            f"{first['msg']}; rebuild with the code that made it"
        ) from error


def _text(training: Training, decision: Decision, seed: int, **more: Any) -> str:
    told = training.model_dump(mode="json")
    del told["tuning"]["storage"]
    content = {"training": told, "decision": asdict(decision), "seed": seed, **more}
    return json.dumps({**content, "cores": usable_cores()}, indent=1) + "\n"
