"""What the ledger says of one version: what was found, who asked, who said no."""

from __future__ import annotations

from collections.abc import Sequence

from churn_pipeline.release.ledger import Action, Entry

_FOUND: tuple[Action, ...] = ("register", "pend", "refuse")
_DECIDED: tuple[Action, ...] = ("reject", "promote", "approve")
"""Said of the version itself; a `rollback` only says that another one has failed."""


def last_verdict(entries: Sequence[Entry], version: str) -> Action | None:
    """Return what gate and checks last said of a version; None before they did."""
    return next((e.action for e in _of(entries, version) if e.action in _FOUND), None)


def submitter(entries: Sequence[Entry], version: str) -> str | None:
    """Return the account whose run submitted a version; None where none did."""
    return next((e.who for e in _of(entries, version) if e.action in _FOUND), None)


def rejection(entries: Sequence[Entry], version: str) -> Entry | None:
    """Return who rejected a version, and why; None where nobody has, or not since."""
    decided = (e for e in _of(entries, version) if e.action in _DECIDED)
    last = next(decided, None)
    return last if last is not None and last.action == "reject" else None


def undecided(entries: Sequence[Entry]) -> frozenset[str]:
    """Return the versions that passed their gate and that nobody has decided on."""
    passed = {e.version for e in entries if e.action in ("register", "pend")}
    decided = {e.version for e in entries if e.action in _DECIDED}
    return frozenset(passed - decided)


def _of(entries: Sequence[Entry], version: str) -> list[Entry]:
    """Return the entries of a version, the newest first."""
    return [entry for entry in reversed(entries) if entry.version == version]
