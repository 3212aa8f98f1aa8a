"""Nodes of `feature_store`; `churn_pipeline.io.feature_store` writes with Feast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn_pipeline.dataset import Dataset
from churn_pipeline.io.definitions import (
    CUSTOMER,
    EVENT_TIME,
    KNOWN_AT,
    Definitions,
    Field,
)
from churn_pipeline.serving.online.record import OBSERVED

if TYPE_CHECKING:
    import ibis

    from churn_pipeline.io.feature_store import Filling


def define_feature_store(
    feature_set: dict[str, Any], dataset: Dataset
) -> dict[str, Any]:
    """Return what Feast is told of the features, from their own metadata.

    Args:
        feature_set: A `FeatureSet` as plain values.
        dataset: Its name is Feast's project.

    Returns:
        `Definitions` as plain values: the model's inputs, and none of the columns
        that are only reported by.

    Raises:
        ValueError: A feature has a name that Feast cannot keep.
    """
    from churn_pipeline.feature import FeatureSet

    known = FeatureSet.model_validate(feature_set)
    fields = tuple(
        Field(
            name=feature.name,
            type=feature.type,
            description=feature.description,
            unit=feature.unit,
        )
        for feature in known.features
    )
    made = Definitions(dataset=dataset.name, fields=fields)
    return made.model_dump(mode="json")


def stamp_features(features: ibis.Table, definitions: dict[str, Any]) -> ibis.Table:
    """Return the features with both times: of what they tell, and when it was known.

    A day belongs to the past of its own observation date, so that features are known
    when it is over.

    Args:
        features: `customer_features`.
        definitions: `Definitions` as plain values.

    Returns:
        A lazy table: `customer_id`, `event_timestamp` (the observation date, UTC),
        `known_at` (the day after, 00:00 UTC), `observation_date` (text), and one
        column a feature.
    """
    import ibis

    names = [field.name for field in Definitions.model_validate(definitions).fields]
    day = features.observation_date.cast("timestamp")
    return features.select(
        CUSTOMER,
        **{
            EVENT_TIME: day,
            KNOWN_AT: day + ibis.interval(days=1),
            OBSERVED: features.observation_date.cast("string"),
        },
        **{name: features[name] for name in names},
    )


def fill_feature_store(rows: ibis.Table, definitions: dict[str, Any]) -> Filling:
    """Return what the feature store is to hold, for its dataset to write.

    Args:
        rows: As `stamp_features` returns them.
        definitions: `Definitions` as plain values.
    """
    from churn_pipeline.io.feature_store import Filling

    return Filling(rows, Definitions.model_validate(definitions))
