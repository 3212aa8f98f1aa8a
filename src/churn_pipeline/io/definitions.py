"""What Feast is told of a data set's features; made from their own metadata."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from churn_pipeline.params import Params
from churn_pipeline.serving.online.encoding import ENTITY
from churn_pipeline.serving.online.record import OBSERVED

CUSTOMER = ENTITY
EVENT_TIME = "event_timestamp"
KNOWN_AT = "known_at"
_TAKEN = frozenset({CUSTOMER, EVENT_TIME, KNOWN_AT, OBSERVED})


class Field(Params):
    """A feature as Feast knows it.

    Attributes:
        name: Of the feature.
        type: `number` is a float64 of Feast's, `category` text.
        description: One line for people.
        unit: Unit of a number; empty where there is none.
    """

    name: str
    type: Literal["number", "category"]
    description: str = ""
    unit: str = ""


class Definitions(Params):
    """The feature view of a data set.

    Attributes:
        dataset: Name of the data set, and of Feast's project.
        fields: The model's inputs.
    """

    dataset: str
    fields: tuple[Field, ...]

    @model_validator(mode="after")
    def _names_fit(self) -> Definitions:
        for field in self.fields:
            if field.name in _TAKEN or ":" in field.name:
                raise ValueError(
                    "expected features that a feature store can hold, got "
                    f"{field.name!r}: {', '.join(sorted(_TAKEN))} are its own columns, "
                    "and a colon parts a view from its feature; rename it in "
                    "dataset.yml"
                )
        return self
