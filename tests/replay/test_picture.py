"""The picture of a replay, whatever was planted when."""

import datetime as dt

import pytest

from churn_pipeline.replay.figures import Figures
from churn_pipeline.replay.picture import draw
from churn_pipeline.replay.result import WAYS, Event, Month, Replayed


def _drawn(start, end):
    same = Figures(profit=1.0, predicted=0.1, called=0.1)
    return draw(
        Replayed(
            dataset="company",
            unit="month",
            currency="EUR",
            seed=1,
            customers=100,
            months=tuple(
                Month(date=dt.date(2025, month, 1), figures=dict.fromkeys(WAYS, same))
                for month in range(3, 8)
            ),
            planted=(Event(start=start, end=end, name="a wrong unit"),),
            retrainings=1,
            recalibrations=0,
            retrainings_monthly=4,
        )
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-01-05", "2025-02-01"),
        ("2025-04-05", "2025-04-20"),
        ("2025-09-01", "2025-10-01"),
    ],
)
def test_what_no_month_has_met_is_not_drawn(start, end):
    picture = _drawn(dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    assert "a wrong unit" not in picture


def test_what_began_before_the_first_month_is_drawn_from_there():
    picture = _drawn(dt.date(2025, 1, 5), dt.date(2025, 4, 20))
    assert picture.count("a wrong unit") == 1
    assert 'width="349.6"' in picture
