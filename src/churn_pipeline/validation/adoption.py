"""A description of a file that nobody has described yet: roles, types, ranges.

What is written is a proposal that a person reads and corrects: each column comes with
a note that says why it is described so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from churn_pipeline.sensitive import looks_sensitive
from churn_pipeline.tables import Column
from churn_pipeline.validation.facts import Facts

MOST_ALLOWED = 30  # categories of more values are not listed
GIVES_AWAY = 0.99  # ROC AUC of a column alone
_SUSPICIOUS = 0.9
_NAMED_LIKE_LABEL = 0.8
_MOSTLY_UNIQUE = 0.5
_FEW_LEVELS = 8
_SEGMENTS = 2
_RARE = 5  # rows
_EXACT = 2.0**53  # larger whole numbers are not told apart as a float64
_TELL_NOTHING = frozenset(
    "label flag status state value target class type score risk has was will the "
    "customer client user account member employee subscriber".split()
)
_ID_NAME = re.compile(r"(^|[_\s])(id|no|nr|number|index|uuid)$|[a-z](ID|Id|No|Nr)$")


@dataclass(frozen=True)
class Proposal:
    """What is proposed for one column.

    Attributes:
        name: Raw column name.
        column: How it is described; None where it is ignored.
        note: Why, for the comment beside it; empty where nothing is to say.
        is_warning: Whether the note is shown on the screen.
        auc: How well the column alone tells the label, 0.5 to 1; 0 where not asked.
    """

    name: str
    column: Column | None
    note: str = ""
    is_warning: bool = False
    auc: float = field(default=0.0, compare=False)


def propose(facts: Facts) -> Proposal:
    """Return what the cells of a column say of it, its label aside."""
    # One value and blanks may well tell something: "reason for leaving".
    is_constant = facts.distinct + (facts.missing > 0) <= 1
    if is_constant or facts.unread:
        note = f"values of the type {facts.unread[:40]}, which is not read"
        told = "constant" if is_constant else note
        return Proposal(facts.name, None, told, is_warning=True)
    words = {level.lower() for level in facts.levels}
    if facts.is_boolean or words == {"true", "false"}:
        return Proposal(facts.name, _marked(facts.name, Column(type="boolean")))
    if facts.is_number:
        return _number(facts)
    if facts.is_date:
        return _date(facts)
    if facts.distinct > MOST_ALLOWED and facts.distinct > _MOSTLY_UNIQUE * facts.there:
        note = f"text of {facts.distinct:,} different values, like a name or an id"
        return Proposal(facts.name, None, note, is_warning=True)
    return _category(facts)


def with_label(proposal: Proposal, auc: float, target: str) -> Proposal:
    """Return a proposal that knows how well the column alone tells the label."""
    column = proposal.column
    if column is None:
        return proposal
    also = f"; {proposal.note}" if proposal.is_warning else ""
    is_named_like = bool(_telling(target) & _telling(proposal.name))
    if auc >= GIVES_AWAY or (is_named_like and auc >= _NAMED_LIKE_LABEL):
        note = f"gives the label away: alone it tells it with ROC AUC {auc:.3f}{also}"
        unused = column.model_copy(update={"feature": False})
        return Proposal(proposal.name, unused, note, is_warning=True, auc=auc)
    if auc >= _SUSPICIOUS:
        note = (
            f"alone it tells the label with ROC AUC {auc:.3f}: is it known before a "
            f"customer leaves? If not, set feature: false{also}"
        )
        return Proposal(proposal.name, column, note, is_warning=True, auc=auc)
    return Proposal(proposal.name, column, proposal.note, proposal.is_warning, auc)


def _telling(name: str) -> set[str]:
    """Return the words of a column's name that say what it is of.

    Example:
        >>> sorted(_telling("Churn_Label") & _telling("churnScore"))
        ['churn']
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", parted)}
    return {word for word in words if len(word) > 2} - _TELL_NOTHING  # noqa: PLR2004


def with_segments(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return the proposals, the most telling small categories marked as segments."""
    small = [
        proposal
        for proposal in proposals
        if proposal.column is not None
        and proposal.column.feature
        and len(proposal.column.allowed or range(99)) <= _FEW_LEVELS
    ]
    best = sorted(small, key=lambda proposal: -proposal.auc)[:_SEGMENTS]
    return [
        _as_segment(proposal) if proposal in best else proposal
        for proposal in proposals
    ]


def rounded_range(low: float, high: float) -> tuple[float, float]:
    """Return a generous range: the span again on either side, 0 kept as a border.

    Example:
        >>> rounded_range(18.25, 118.75)
        (0.0, 300.0)
    """
    span = (high - low) or abs(high) or 1.0
    lower = 0.0 if low >= 0 else -_rounded_up(-(low - span))
    upper = 0.0 if high <= 0 else _rounded_up(high + span)
    return lower, upper


def _category(facts: Facts) -> Proposal:
    """Return a category; its values are listed where none of them is rare.

    A rare value says that the file does not hold all there are.
    """
    rarest = min(facts.levels.values(), default=0.0) * facts.there
    allowed = tuple(sorted(facts.levels)) if rarest >= _RARE else None
    note = "" if allowed else f"{facts.distinct:,} values, any is allowed"
    if facts.numbers:
        note = f"{facts.numbers / facts.there:.0%} of the values are numbers"
    column = Column(type="category", allowed=allowed)
    return Proposal(facts.name, _marked(facts.name, column, facts.levels), note)


def _date(facts: Facts) -> Proposal:
    form, is_doubtful = facts.date_format
    column = _marked(facts.name, Column(type="date", date_format=form))
    unreadable = facts.there - facts.dates
    notes = []
    if is_doubtful:
        notes.append(f"day and month may be swapped; taken for {form}")
    if unreadable:
        notes.append(_rejecting(unreadable, "date"))
    return Proposal(facts.name, column, "; ".join(notes), is_warning=bool(notes))


def _number(facts: Facts) -> Proposal:
    assert facts.low is not None and facts.high is not None  # noqa: S101
    is_whole = facts.wholes == facts.numbers
    is_unique = facts.distinct == facts.there
    counts_rows = facts.high - facts.low + 1 == facts.rows
    is_like_id = counts_rows or facts.high > _EXACT or _ID_NAME.search(facts.name)
    if is_whole and is_unique and is_like_id:
        note = "a number of its own in every row, like an id"
        return Proposal(facts.name, None, note, is_warning=True)
    unreadable = facts.there - facts.numbers
    low, high = rounded_range(facts.low, facts.high)
    if is_whole and facts.low >= 0 and facts.high <= 1:
        high = 1.0
    kind: Literal["integer", "number"] = "integer" if is_whole else "number"
    column = Column(type=kind, min=low, max=high)
    note = f"from {facts.low:.10g} to {facts.high:.10g}"
    if unreadable:
        note += f"; {_rejecting(unreadable, 'number')}"
    if facts.far_off:
        rejects = "rejects its row" if facts.far_off == 1 else "reject their rows"
        note += (
            f"; {facts.far_off:,} far from all others, as {facts.farthest:.10g}, "
            f"{rejects}: widen the range where they are right"
        )
    marked = _marked(facts.name, column)
    is_doubtful = unreadable > 0 or facts.far_off > 0
    return Proposal(facts.name, marked, note, is_warning=is_doubtful)


def _rejecting(cells: int, kind: str) -> str:
    """Return how many cells are none of a kind."""
    if cells == 1:
        return f"1 cell is no {kind} and rejects its row"
    return f"{cells:,} cells are no {kind} and reject their rows"


def _marked(name: str, column: Column, values: Collection[str] = ()) -> Column:
    if looks_sensitive(name, values):
        return column.model_copy(update={"sensitive": True})
    return column


def _as_segment(proposal: Proposal) -> Proposal:
    assert proposal.column is not None  # noqa: S101
    column = proposal.column.model_copy(update={"segment": True})
    return Proposal(
        proposal.name, column, proposal.note, proposal.is_warning, proposal.auc
    )


def _rounded_up(value: float) -> float:
    """Return a positive number, rounded up to one digit."""
    power = math.floor(math.log10(value))
    digit = math.ceil(value / 10.0**power - 1e-9)
    return float(f"{digit}e{power}")  # 3 * 0.1 is not 0.3
