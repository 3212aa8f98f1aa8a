"""What an online store says of itself, written after everything else in it."""

from __future__ import annotations

import datetime as dt

from churn_pipeline.params import Params

VIEW = "customer"
OBSERVED = "observation_date"
"""Kept with the features of each customer, as text: Feast's own times are of the time
zone of the process that wrote them."""


class StoreRecord(Params):
    """What was written into an online store.

    Attributes:
        generation: Another one after each change; what was read before is then old.
        dataset: Name of the data set, and Feast's project.
        features: Name of each feature that the store has.
        fields: By name of a feature and `observation_date`, the name of its field in
            a hash of Redis, in hexadecimal digits; empty of SQLite.
        newest: The newest observation date.
        customers: How many there are.
        written: When it was filled, UTC.
        feast: Version of Feast that wrote it.
    """

    generation: str
    dataset: str
    features: tuple[str, ...]
    fields: dict[str, str]
    newest: dt.date
    customers: int
    written: dt.datetime
    feast: str
