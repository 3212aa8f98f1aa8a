"""Once a second: what has changed is read again, and what cannot be is told."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from churn_pipeline.serving.parts import Parts

logger = logging.getLogger(__name__)

Problems = Mapping[str, str | None]
"""By part, why what was read before goes on; None where what there is was read."""


class Refreshed(Protocol):
    """A part that reads again what has changed since it was last read."""

    def refresh(self) -> object:
        """Read again where something changed; keep what there was where it fails."""

    def problems(self) -> Problems:
        """Return what is wrong with each part of it, as the last look found it."""


def refresh(parts: Parts) -> None:
    """Read again what has changed, and leave this worker's numbers to the others.

    A part that fails keeps what it had and holds up no other: a key is revoked, and a
    canary stopped, whatever else is wrong. One look at a time: of two at once, the
    older could take back what the newer found.
    """
    with parts.refreshing:
        for part in parts.followers:
            _step(parts, type(part).__name__.lower(), part.refresh)
            for name, problem in part.problems().items():
                _tell(parts, name, problem)
        _step(parts, "canary", lambda: parts.watch.tick(dt.datetime.now(dt.UTC)))
        _step(parts, "numbers", lambda: _leave_numbers(parts))


def _step(parts: Parts, name: str, step: Callable[[], object]) -> None:
    """Do one thing; where it fails in a way that nobody foresaw, say so in full."""
    try:
        step()
    except Exception as error:
        known = parts.failing.get(name) == repr(error)
        _tell(parts, name, repr(error))
        if not known:
            logger.exception("%s failed; what there was is kept", name)
    else:
        if name in parts.failing:
            _tell(parts, name, None)


def _tell(parts: Parts, name: str, problem: str | None) -> None:
    """Put `churn_stale`, and count the looks that failed."""
    if problem is None:
        parts.failing.pop(name, None)
    else:
        parts.failing[name] = problem
        parts.metrics.add("churn_refresh_failures_total", part=name)
    parts.metrics.put("churn_stale", float(problem is not None), part=name)


def _leave_numbers(parts: Parts) -> None:
    """Leave this worker's numbers where the others find them."""
    counts, shadow = parts.journal.counts, parts.shadow
    parts.metrics.put("churn_journal_dropped_total", counts.dropped + counts.lost)
    parts.metrics.put("churn_journal_waiting", counts.waiting)
    parts.metrics.put("churn_audit_lost_total", parts.access.audit.lost)
    parts.metrics.put("churn_shadow_dropped_total", shadow.dropped)
    version = parts.models.champion.version
    parts.metrics.put("churn_workers", 1, version=version)
    parts.metrics.drop("churn_workers", version=version)
    parts.metrics.put("churn_in_work", parts.gate.batches)
    if parts.shared is not None:
        parts.shared.leave(parts.metrics.samples())
