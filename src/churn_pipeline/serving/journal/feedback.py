"""Ground truth: labels that come late, twice or corrected, and whom they are of.

Nothing is overwritten: the history stays, and of several labels of one prediction the
last that came holds.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from churn_pipeline.dataset import Label as LabelRule
from churn_pipeline.serving.journal.database import (
    WRITING_SECONDS,
    Database,
    connect,
    is_passing,
)
from churn_pipeline.serving.journal.labels import last_label
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.truth import Truth, read_truths
from churn_pipeline.serving.refusal import refusal

logger = logging.getLogger(__name__)

DAY_NS = 86_400 * 10**9
_EPOCH = dt.date(1970, 1, 1)
_END = 2**63 - 1
_COLUMNS = (
    *("received_ns", "known_ns", "request_id", "line", "customer"),
    *("observation_day", "churned", "key_hash"),
)


class Outcome(NamedTuple):
    """A prediction and what became of the customer.

    Attributes:
        churned: None where a customer is said to have stayed before the horizon had
            passed: that is no stay yet.
        known_ns: Since when it is known, ns since 1970.
        matured: Whether the horizon of the prediction has passed by now. Rates come
            from these alone: those who leave early are known before those who stay.

    The others are those of the prediction.
    """

    request_id: str
    line: int
    time_ns: int
    customer: str | None
    probability: float
    decision: str
    model_version: str
    variant: str
    churned: bool | None
    known_ns: int
    matured: bool


class Feedback:
    """Takes labels into the journal; they are on the disk when it returns."""

    def __init__(self, url: str, pseudonyms: Pseudonyms | None = None) -> None:
        """Name the journal, which is opened when the first label comes."""
        self._url, self._pseudonyms = url, pseudonyms or Pseudonyms()
        self._database: Database | None = None
        self._lock = threading.Lock()

    def add(
        self, truths: Sequence[Truth], *, key_hash: str, now_ns: int | None = None
    ) -> int:
        """Add labels, all of them or none; return how many.

        Args:
            truths: The labels, in the order in which they became known.
            key_hash: Of the caller's key.
            now_ns: When they came, ns since 1970; None: now.

        Raises:
            Exception: The database's own, where it cannot be written now.
        """
        now = time.time_ns() if now_ns is None else now_ns
        rows = [self._row(truth, now, key_hash) for truth in truths]
        with self._lock:
            try:
                database = self._connected()
                with database.writing():
                    database.insert("feedback", _COLUMNS, rows)
            except BaseException:
                self.close()
                raise
        return len(rows)

    def take(self, body: bytes, *, key_hash: str) -> int:
        """Take the body of a request to `/feedback`; return how many labels it had.

        Args:
            body: A label, or a list of them, JSON.
            key_hash: Of the caller's key.

        Raises:
            Refusal: The body breaks the contract, or the database is away: 503.
        """
        truths = read_truths(body)
        try:
            return self.add(truths, key_hash=key_hash)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.error("labels were not taken: %s", error)
            expected = "a database that takes labels; send them again"
            received = type(error).__name__
            raise refusal(
                503, "journal_away", expected=expected, received=received
            ) from error

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connected(self) -> Database:
        if self._database is not None and not self._database.is_current():
            self.close()
        if self._database is None:
            fingerprint = self._pseudonyms.fingerprint
            self._database = connect(
                self._url, pseudonyms=fingerprint, statement_s=WRITING_SECONDS
            )
        return self._database

    def _row(self, truth: Truth, now: int, key_hash: str) -> tuple[Any, ...]:
        known = now if truth.known is None else _ns(truth.known)
        by_request = truth.request_id is not None
        name = None if by_request else self._pseudonyms.name(truth.customer_id)
        day = truth.observation_date
        return (
            *(now, min(known, now), truth.request_id),
            *(truth.row if by_request else None, name),
            None if day is None else (day - _EPOCH).days,
            *(int(truth.churned), key_hash),
        )


def maturity_days(label: LabelRule) -> int:
    """Return the days from a prediction until those who stayed are known.

    Args:
        label: How churn is told, of the model's manifest. A snapshot's column names
            no horizon: its labels hold when they come.
    """
    if label.rule == "column":
        return 0
    return label.lead_time_days + label.horizon_days


def matched(
    database: Database,
    *,
    maturity_days: int,
    now_ns: int | None = None,
    since_ns: int = 0,
    until_ns: int | None = None,
) -> Iterator[Outcome]:
    """Yield the predictions that have a label, the oldest first, in little memory.

    A label by customer and date is of every prediction of that customer on that day
    (UTC). Of several labels of a prediction the last that came holds.

    Args:
        database: An open journal.
        maturity_days: As the function of that name gives it.
        now_ns: By when a prediction has matured, ns since 1970; None: by now.
        since_ns: Predictions from then on.
        until_ns: Predictions before then; None: all.
    """
    now = time.time_ns() if now_ns is None else now_ns
    horizon = maturity_days * DAY_NS
    window = (since_ns, _END if until_ns is None else until_ns)
    asked = _MATCHED.format(label=last_label(database))
    for *fields, said, known_ns in database.stream(asked, window):
        due = fields[2] + horizon
        churned = True if said else (False if known_ns >= due else None)
        yield Outcome(*fields, churned, known_ns, now >= due)  # type: ignore[call-arg]


_MATCHED = """
SELECT r.request_id, p.line, r.time_ns, p.customer, p.probability, p.decision,
  m.model_version, m.variant, f.churned, f.known_ns
FROM request r JOIN prediction p ON p.request = r.id JOIN model m ON m.id = p.model
JOIN feedback f ON f.id = {label}
WHERE r.time_ns >= ? AND r.time_ns < ? ORDER BY r.time_ns, r.id, p.line
"""


def _ns(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 10**6) * 1000
