"""What stops a run and what only warns: the parameters of `data_validation`."""

from __future__ import annotations

from pydantic import Field

from churn_pipeline.params import Params


class DataValidation(Params):
    """Typed form of `params:data_validation`.

    Attributes:
        magnitude_ratio: A column of numbers whose typical size is so many times
            larger or smaller than in the last accepted data stops the run.
        new_level_share: A category of which this share of the rows, 0 to 1, holds
            values that the last accepted data did not have stops the run.
        leak_auc: A column that alone tells the label with this ROC AUC stops the run.
        leak_sample: Rows looked at for that, and for copies of rows.
        accepted: Findings that have been looked at and do not stop the run any more,
            each as `table.column: check` as printed.
    """

    magnitude_ratio: float = Field(5, gt=1)
    new_level_share: float = Field(0.5, gt=0, le=1)
    leak_auc: float = Field(0.99, gt=0.5, le=1)
    leak_sample: int = Field(20_000, ge=100)
    accepted: tuple[str, ...] = ()
