"""Which rows a model was fit on, and which its figures were taken on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from churn_pipeline.params import Params
from churn_pipeline.release.integrity import sha256

if TYPE_CHECKING:
    import pandas as pd


class RowFacts(Params):
    """What is told of some rows, without the rows.

    Attributes:
        rows: How many there are.
        churners: How many of them churned.
        first: Their first observation date.
        last: Their last one.
        keys: sha256 of their customer ids and observation dates, in whatever order.
    """

    rows: int = Field(ge=1)
    churners: int = Field(ge=0)
    first: dt.date
    last: dt.date
    keys: str


class FittedOn(Params):
    """The rows that a model was fit on.

    Attributes:
        facts: The rows.
        labels_until: Last day that their labels look at.
        before: What the trees, the net or the line was fit on, where the calibration
            alone has learnt from newer rows; None: the same rows.
        version: Of the model that was fit on them, where another manifest tells of it.
        since: Observation date from which on customers leave as they do now, as it
            was known when the calibration was learnt; None: nothing was known of it.
    """

    facts: RowFacts
    labels_until: dt.date
    before: FittedOn | None = None
    version: str | None = None
    since: dt.date | None = None

    @property
    def of_ranking(self) -> FittedOn:
        """The rows that the order of the customers was learnt from."""
        return self.before or self

    @property
    def first(self) -> dt.date:
        """The first observation date that another model is to learn from."""
        return max(self.of_ranking.facts.first, self.since or dt.date.min)


class MeasuredOn(Params):
    """The rows that the metrics of a manifest were taken on, and of which artifact.

    Attributes:
        facts: The rows.
        artifact: Digest of the manifest of the artifact that answered for them, where
            this one is its refit; None where it was this one.
    """

    facts: RowFacts
    artifact: str | None = None


def row_facts(rows: pd.DataFrame) -> RowFacts:
    """Return what is told of some rows.

    Args:
        rows: With `customer_id`, `observation_date` and `label` (1 or 0); not empty.
    """
    import pandas as pd

    dates = pd.to_datetime(rows["observation_date"])
    keys = pd.DataFrame(
        {
            "customer": rows["customer_id"].astype(str).to_numpy(dtype=object),
            "date": dates.to_numpy("datetime64[D]").astype(np.int64),
        }
    )
    hashed = np.sort(pd.util.hash_pandas_object(keys, index=False).to_numpy("<u8"))
    return RowFacts(
        rows=len(rows),
        churners=int(rows["label"].sum()),
        first=dates.min().date(),
        last=dates.max().date(),
        keys=sha256(hashed.tobytes()),
    )
