"""What is true of the months of a log, whichever database it lies in."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np

from churn_pipeline.monitoring.windows import (
    LoggedMonth,
    Window,
    logged_months,
    predictions_in,
)
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import read_truths
from tests.serving.journal.made import ABOUT, DAY_NS, NOON, batch, entry

HORIZON = 60
VERSION = ABOUT["model_version"]
YEAR = Window(dt.date(2025, 6, 1), dt.date(2026, 6, 1))
LATER = 200


def write(url, *entries, part="one") -> None:
    """Put answers into a log."""
    database = connect(url)
    Store(database, Pseudonyms()).write(entries, part)
    database.close()


def say(url, *labels, day=90) -> None:
    """Tell labels, so many days after the first answers."""
    feedback = Feedback(url)
    truths = read_truths(json.dumps(labels).encode())
    feedback.add(truths, key_hash="0" * 16, now_ns=NOON + day * DAY_NS)
    feedback.close()


def months(url, *, day=LATER, **given) -> list[LoggedMonth]:
    """Return the months as they are known so many days later."""
    known = {
        "model_version": VERSION,
        "maturity_days": HORIZON,
        "now_ns": NOON + day * DAY_NS,
        "usual_value": 100.0,
    }
    return logged_months(url, YEAR, **(known | given))


def labels(found: LoggedMonth) -> list[tuple[float, float, float]]:
    """Return probability, label (2: not known) and number of customers."""
    cells = found.cells
    label = np.nan_to_num(cells.label, nan=2.0)
    rows = zip(cells.probability.round(4), label, cells.rows, strict=True)
    return sorted(map(tuple, np.array(list(rows)).tolist()))


TOLD = [(0.0, 2.0, 1.0), (0.1, 1.0, 1.0), (0.1429, 0.0, 1.0), (0.2857, 1.0, 1.0)]
"""What `told_either_way` knows of four customers, see `labels`."""


def told_either_way(url) -> LoggedMonth:
    """Return the month of a log with labels by request and by customer and day."""
    write(url, entry("one", probability=0.1), batch("many", ["a", "b", "c"]))
    say(url, {"request_id": "one", "churned": True})
    say(url, {"request_id": "many", "row": 1, "churned": True})
    day = {"observation_date": "2026-01-01"}
    say(url, {"customer_id": "b", "churned": False, **day})
    say(url, {"customer_id": "c", "churned": True, **day})
    (month,) = months(url)
    return month


def a_day_and_its_shadow(url) -> None:
    """Log a prediction of the day, one of weeks before and one of a shadow."""
    early = entry("early", time_ns=NOON - 40 * DAY_NS)
    write(url, early, entry("one"), entry("one", variant="shadow"))


def streamed(url, **given) -> list[float]:
    """Return the probabilities of the day as they come from the log."""
    window = Window(dt.date(2026, 1, 1), dt.date(2026, 1, 2))
    batches = predictions_in(url, window, **given)
    return [p for found in batches for p in found.to_pydict()["probability"]]
