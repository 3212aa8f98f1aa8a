"""N of M: one window that moved is an incident, several are an alarm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from pydantic import Field, model_validator

from churn_pipeline.monitoring.history import Watch
from churn_pipeline.params import Params


class WindowRule(Params):
    """When what moved is an alarm.

    Attributes:
        n: In how many windows it drifted, the newest among them, 1 or more.
        m: Of how many windows, the newest included, n or more.
    """

    n: int = Field(default=2, ge=1)
    m: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _n_of_m(self) -> WindowRule:
        if self.n > self.m:
            raise ValueError(
                f"expected n of m windows with n up to m, got n={self.n} and "
                f"m={self.m}; lower drift_reporting.windows.n, or raise m"
            )
        return self


def before(
    watches: Iterable[Watch], date: dt.date, *, model_version: str, rule: WindowRule
) -> tuple[Watch, ...]:
    """Return the windows that are counted beside the newest one, the oldest first.

    Those of another model do not count: it has another reference.

    Args:
        watches: The history.
        date: Observation date of the newest window; later ones do not count.
        model_version: The champion.
        rule: How many windows count.
    """
    of_model = [w for w in watches if w.model_version == model_version]
    earlier = sorted(
        (w for w in of_model if w.date < date and (w.columns or w.others)),
        key=lambda watch: watch.date,
    )
    return tuple(earlier[max(0, len(earlier) - rule.m + 1) :])


def times_drifted(windows: Sequence[Watch], name: str) -> int:
    """Return in how many windows a column, or one of the others, had drifted."""
    told = (w.columns.get(name) or w.others.get(name) for w in windows)
    return sum(moved.drifted for moved in told if moved is not None)


def is_confirmed(
    name: str, *, drifted: bool, windows: Sequence[Watch], rule: WindowRule
) -> bool:
    """Return whether N of the last M windows drifted, the newest among them.

    Args:
        name: A column, or a name of `Watch.others`.
        drifted: Whether it has in the newest window.
        windows: The windows before it, as of `before`.
        rule: N and M.
    """
    return drifted and times_drifted(windows, name) + 1 >= rule.n
