"""Typed parameters of the evaluation (root key `evaluation`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churn_pipeline.evaluation.slices import Sizes
from churn_pipeline.params import Params
from churn_pipeline.release.gate import Gate


class Behaviour(Params):
    """Limits of the behavioural tests.

    Attributes:
        expected_directions: Feature -> `up` or `down`: which way churn goes when it
            rises. A feature that the model does not have is passed over.
        direction_tolerance: Move of the mean probability the other way let pass.
        importance_agreement: Lowest rank correlation of importances with the
            champion's.
        importance_top: Topics looked at for it: those among so many first of either.
        churn_rate_within: Largest relative distance of predicted from observed churn,
            beyond what chance does.
    """

    expected_directions: dict[str, Literal["up", "down"]] = Field(default_factory=dict)
    direction_tolerance: float = Field(ge=0)
    importance_agreement: float = Field(ge=-1, le=1)
    importance_top: int = Field(ge=3)
    churn_rate_within: float = Field(gt=0)


class Evaluation(Params):
    """How a model is judged.

    Attributes:
        resamples: Bootstrap resamples of the headline metrics.
        segment_resamples: The same of each segment.
        confidence: Of every interval, in (0, 1).
        min_group_rows: Fewest rows of a group that is judged by itself.
        min_group_churners: Fewest of them that churned, and fewest that stayed.
        behaviour_rows: Most rows that the behavioural tests ask about.
        behaviour: Limits of the behavioural tests.
        gate: What a model must show to be released.
    """

    resamples: int = Field(ge=20)
    segment_resamples: int = Field(ge=20)
    confidence: float = Field(gt=0, lt=1)
    min_group_rows: int = Field(ge=2)
    min_group_churners: int = Field(ge=1)
    behaviour_rows: int = Field(ge=10)
    behaviour: Behaviour
    gate: Gate

    @property
    def sizes(self) -> Sizes:
        """Which groups are too small to judge."""
        return Sizes(rows=self.min_group_rows, churners=self.min_group_churners)
