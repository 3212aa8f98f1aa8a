"""What Evidently says of each column by its own default tests, to stand beside ours."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from churn_pipeline.monitoring.drift import ColumnDrift
from churn_pipeline.params import Params
from churn_pipeline.telemetry import switch_off

if TYPE_CHECKING:
    import pandas as pd

SHARE_OF_COLUMNS = 0.5
"""Share of drifted columns from which on Evidently calls a whole data set drifted."""


class EvidentlyColumn(Params):
    """What Evidently says of a column.

    Attributes:
        test: The test it takes by default.
        score: That test's distance or p-value; None where it cannot be counted.
        threshold: Its default threshold.
        drifted: Its verdict.
    """

    test: str
    score: float | None
    threshold: float
    drifted: bool


class EvidentlyVerdict(Params):
    """What Evidently says of two samples.

    Attributes:
        columns: By column.
        drifted: Whether it calls the data set drifted: half of the columns or more.
    """

    columns: dict[str, EvidentlyColumn]
    drifted: bool

    @property
    def n_drifted(self) -> int:
        """Number of columns that it calls drifted."""
        return sum(column.drifted for column in self.columns.values())


def evidently_verdict(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[ColumnDrift]
) -> EvidentlyVerdict:
    """Return Evidently's own verdict, its tests and thresholds as they come.

    Args:
        reference: Rows that the champion was made from.
        current: Rows of the newest date, same columns.
        columns: The columns to judge, with their kinds.
    """
    switch_off()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other packages' deprecations
        found = {c.name: _column(reference, current, c) for c in columns}
    drifted = sum(column.drifted for column in found.values())
    return EvidentlyVerdict(
        columns=found, drifted=drifted >= SHARE_OF_COLUMNS * max(len(found), 1)
    )


def _column(
    reference: pd.DataFrame, current: pd.DataFrame, column: ColumnDrift
) -> EvidentlyColumn:
    """Return Evidently's verdict on one column; without values it has none."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if column.kind == "number" else ColumnType.Categorical
    before, now = (_present(frame[column.name]) for frame in (reference, current))
    if before.empty or now.empty:
        return EvidentlyColumn(
            test="none, for no value", score=None, threshold=0, drifted=False
        )
    test = get_stattest(before, now, kind, None)
    result = test(before, now, kind, None)
    score = float(result.drift_score)
    return EvidentlyColumn(
        test=test.display_name,
        score=score if math.isfinite(score) else None,
        threshold=float(result.actual_threshold),
        drifted=bool(result.drifted),
    )


def _present(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return the values that are there: it leaves out the others."""
    return values.dropna()
