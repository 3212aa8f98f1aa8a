"""What a model input column is: the metadata that travels from features to serving."""

from __future__ import annotations

from typing import Literal

from churn_pipeline.params import Params


class Feature(Params):
    """One input of the model.

    Attributes:
        name: Column name in `customer_features`, `model_input` and a request.
        type: `number` (float, NaN when missing) or `category` (text, null when
            missing). Booleans are numbers 0 and 1.
        description: One line for people.
        unit: Unit of a number; empty where there is none.
        nullable: Whether a missing value is normal.
        min: Smallest valid number, inclusive; None leaves it open.
        max: Largest valid number, inclusive; None leaves it open.
        allowed: The valid categories; None allows any.
        topic: What it tells of, where several features tell of one thing: they are
            explained together. Empty where it tells of itself alone.
    """

    name: str
    type: Literal["number", "category"]
    description: str = ""
    unit: str = ""
    nullable: bool = True
    min: float | None = None
    max: float | None = None
    allowed: tuple[str, ...] | None = None
    topic: str = ""


class FeatureSet(Params):
    """The features of a data set and the columns that reports are sliced by.

    Attributes:
        features: Inputs of the model, in the order of the model's input.
        segments: Columns of `model_input` by which metrics are reported.
        sensitive: Columns of `model_input` by which fairness is reported. They need
            not be features.
    """

    features: tuple[Feature, ...]
    segments: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features in order."""
        return tuple(feature.name for feature in self.features)
