"""Ground truth: labels that come late, twice or corrected, and whom they are of.

Nothing is overwritten: the history stays, and of several labels of one prediction the
last that came holds.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from churn_pipeline.dataset import Label as LabelRule
from churn_pipeline.serving.journal.database import Database, connect
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.refusal import Problem, Refusal, refusal, shown

DAY_NS = 86_400 * 10**9
MAX_LABELS = 10_000
_EPOCH = dt.date(1970, 1, 1)
_COLUMNS = (
    *("received_ns", "known_ns", "request_id", "line", "customer"),
    *("observation_day", "churned", "key_hash"),
)


class Truth(BaseModel):
    """What became of a customer: one object of `/feedback`.

    Attributes:
        request_id: Of the prediction that it is of; or else the next two.
        row: Position of the customer in that request, from 0.
        customer_id: Whom it is of.
        observation_date: Day (UTC) of the predictions that it is of.
        churned: Whether the customer left within the horizon.
        known: Since when that is known, with its time zone; left out: now. `false`
            counts only where it was known once the horizon had passed.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    request_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    row: Annotated[int, Field(ge=0, lt=MAX_LABELS)] = 0
    customer_id: Annotated[str, Field(max_length=200)] | int | None = None
    observation_date: Annotated[dt.date, Field(strict=False)] | None = None
    churned: bool
    known: Annotated[AwareDatetime, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _names_its_prediction(self) -> Truth:
        by_customer = self.customer_id is not None and self.observation_date is not None
        some = self.customer_id is not None or self.observation_date is not None
        if by_customer if self.request_id is None else not some:
            return self
        raise ValueError("either request_id, or customer_id and observation_date")


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


_MANY = TypeAdapter(list[Truth])


def read_truths(body: bytes) -> list[Truth]:
    """Return the labels of a request's body: an object, or a list of them.

    Raises:
        Refusal: It is no JSON, breaks the contract, or is too long or empty.
    """
    listed = body if body.lstrip()[:1] == b"[" else b"[" + body + b"]"
    try:
        found = _MANY.validate_json(listed)
    except ValidationError as error:
        raise _refused(error) from None
    if 1 <= len(found) <= MAX_LABELS:
        return found
    code, status = ("too_many_rows", 413) if found else ("no_rows", 422)
    expected = f"a label, or a list of 1 to {MAX_LABELS:,}"
    raise refusal(status, code, expected=expected, received=f"list of {len(found)}")


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
            self._database = connect(self._url, pseudonyms=fingerprint)
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
) -> Iterator[Outcome]:
    """Yield the predictions that have a label, the oldest first.

    A label by customer and date is of every prediction of that customer on that day
    (UTC). Of several labels of a prediction the last that came holds.

    Args:
        database: An open journal.
        maturity_days: As the function of that name gives it.
        now_ns: By when a prediction has matured, ns since 1970; None: by now.
        since_ns: Predictions from then on.
    """
    now = time.time_ns() if now_ns is None else now_ns
    horizon = maturity_days * DAY_NS
    for *fields, said, known_ns in database.run(_MATCHED, (since_ns,)):
        due = fields[2] + horizon
        churned = True if said else (False if known_ns >= due else None)
        yield Outcome(*fields, churned, known_ns, now >= due)  # type: ignore[call-arg]


_MATCHED = f"""
WITH named AS (
  SELECT p.request, p.line, f.id AS feedback FROM feedback f
  JOIN request r ON r.request_id = f.request_id
  JOIN prediction p ON p.request = r.id AND p.line = f.line
  UNION ALL
  SELECT p.request, p.line, f.id FROM feedback f
  JOIN prediction p ON p.customer = f.customer
  JOIN request r ON r.id = p.request AND r.time_ns / {DAY_NS} = f.observation_day
), latest AS (
  SELECT request, line, max(feedback) AS feedback FROM named GROUP BY request, line
)
SELECT r.request_id, p.line, r.time_ns, p.customer, p.probability, p.decision,
  m.model_version, m.variant, f.churned, f.known_ns
FROM latest l
JOIN prediction p ON p.request = l.request AND p.line = l.line
JOIN request r ON r.id = l.request
JOIN model m ON m.id = p.model
JOIN feedback f ON f.id = l.feedback
WHERE r.time_ns >= ? ORDER BY r.time_ns, r.id, p.line
"""  # noqa: S608 - a number of ours


def _ns(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 10**6) * 1000


def _refused(error: ValidationError) -> Refusal:
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        received = str(details[0]["msg"])
        return refusal(400, "invalid_json", expected="JSON in UTF-8", received=received)
    problems = []
    for detail in details:
        row, *rest = detail["loc"] or (None,)
        field = str(rest[0]) if rest else ""
        expected = "a label: see /docs.json" if not field else str(detail["msg"])
        if detail["type"] == "value_error":
            expected = str(detail["msg"]).removeprefix("Value error, ")
        problems.append(
            Problem(
                row=row if isinstance(row, int) else None,
                code="invalid_value",
                field=field[:80],
                expected=expected,
                received=shown(detail["input"]),
            )
        )
    return Refusal(422, problems)
