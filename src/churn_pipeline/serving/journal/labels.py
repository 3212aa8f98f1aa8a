"""SQL that finds the label of a prediction, one at a time: no table is made of them."""

from __future__ import annotations

from churn_pipeline.serving.journal.database import Database


def last_label(database: Database) -> str:
    """Return SQL for the id of the label of a prediction that came last; 0 without one.

    A label names the request and the row, or the customer and the day (UTC).

    Args:
        database: In whose words; the query names request and prediction `r` and `p`.
    """
    asked = "coalesce((SELECT id FROM feedback WHERE {} ORDER BY id DESC LIMIT 1), 0)"
    by_request = asked.format("request_id = r.request_id AND line = p.line")
    by_customer = asked.format("customer = p.customer AND observation_day = p.day")
    return f"{database.larger}({by_request}, {by_customer})"
