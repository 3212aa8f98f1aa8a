"""SQL that finds the labels of predictions: the last that came holds.

A label names the request and the row, or the customer and the day (UTC).
"""

from __future__ import annotations

from churn_pipeline.serving.journal.database import Database


def last_label(database: Database) -> str:
    """Return SQL for the id of the label of a prediction that came last; 0 without one.

    It is looked up for each prediction by itself: for a part of the log.

    Args:
        database: In whose words; the query names request and prediction `r` and `p`.
    """
    asked = "coalesce((SELECT id FROM feedback WHERE {} ORDER BY id DESC LIMIT 1), 0)"
    by_request = asked.format("request_id = r.request_id AND line = p.line")
    by_customer = asked.format("customer = p.customer AND observation_day = p.day")
    return f"{database.larger}({by_request}, {by_customer})"


def with_labels(database: Database) -> str:
    """Return SQL that joins to the predictions of the whole log their labels, `f`.

    SQLite has no other way than to look each up. PostgreSQL finds the last ones of all
    in one pass and joins them by hash, in half the processor time, and by several
    processes.

    Args:
        database: In whose words; the query names request and prediction `r` and `p`.
    """
    if not database.joins_by_hash:
        return f"JOIN feedback f ON f.id = {last_label(database)}"
    return _BY_HASH


_BY_HASH = """
LEFT JOIN (
  SELECT request_id, line, max(id) AS id FROM feedback
  WHERE request_id IS NOT NULL GROUP BY request_id, line) named
ON named.request_id = r.request_id AND named.line = p.line
LEFT JOIN (
  SELECT customer, observation_day, max(id) AS id FROM feedback
  WHERE customer IS NOT NULL GROUP BY customer, observation_day) dated
ON dated.customer = p.customer AND dated.observation_day = p.day
JOIN feedback f ON f.id = greatest(named.id, dated.id)
"""
