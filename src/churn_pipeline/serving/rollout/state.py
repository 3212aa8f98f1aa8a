"""The rollout of a data set: its file, its ledger, and changes to it.

    rollout.json          what is in force
    rollout.ledger        who changed it, when and why, before and after, chained
    rollout.head          sha256 of the ledger's last line

A change is made once its line is in the ledger; the file follows, also after a kill
between the two. A file that says neither was changed by hand, and is refused.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from churn_pipeline.release.atomic import replace
from churn_pipeline.release.chain import Chain, LedgerError
from churn_pipeline.serving.rollout.bucket import digest, draw_of
from churn_pipeline.serving.rollout.choose import Chooser, Chosen
from churn_pipeline.serving.rollout.spec import (
    Action,
    Decided,
    RolloutChange,
    RolloutState,
    Share,
    Side,
)

FILE = "rollout.json"
LOG = logging.getLogger(__name__)


class RolloutError(ValueError):
    """The rollout's files cannot be read, or do not fit together."""


class StaleError(ValueError):
    """The state has changed since the change was thought of."""


class OwnShadowError(ValueError):
    """The champion is asked to answer unseen beside itself."""


class _Unwritten(NamedTuple):
    """A stop that holds in memory, of the state of this version."""

    version: int
    who: str
    why: str


class Rollout:
    """Who gets which model, and the changes to that.

    Attributes:
        state: What is in force, as it was read last.
        problem: Why the file could not be read again when it had changed; None where
            it was.
    """

    def __init__(self, path: str | Path) -> None:
        """Read `rollout.json`; without the file nobody gets a challenger.

        Raises:
            RolloutError: It cannot be read.
        """
        self.path = Path(path)
        self.ledger = Chain(self.path.with_suffix(".ledger"), Decided)
        self.problem: str | None = None
        self._unwritten: _Unwritten | None = None
        self._stamp = self._seen()
        self._take(self._read())

    def choose(
        self, customer_id: str | int | None, features: Mapping[str, Any]
    ) -> Chosen:
        """Return who answers a customer, in 2 us; see `Chooser`."""
        return self._chooser(customer_id, features)

    def refresh(self) -> None:
        """Read the file again where it has changed; keep the state where it cannot."""
        if self._unwritten is not None and not self._written_down(self._unwritten):
            return
        stamp = self._seen()
        if stamp == self._stamp and self.problem is None:
            return
        try:
            self._take(self._read())
        except RolloutError as error:
            if self.problem is None:
                LOG.error("the rollout stays as it was: %s", error)
            self.problem = str(error)
            return
        self._stamp, self.problem = stamp, None

    def problems(self) -> dict[str, str | None]:
        """Return why what was read before is in force."""
        return {"rollout": self.problem}

    def update(self, change: RolloutChange, *, who: str, why: str) -> RolloutState:
        """Make a change that somebody asked for.

        Raises:
            StaleError: Another state than the change's is in force.
            ValidationError: The state that it makes does not hold together.
            RolloutError, LedgerError: The files cannot be read, or were altered.
        """
        return self.move("set", who, why, lambda before: _changed(before, change))

    def abort(self, *, who: str, why: str) -> RolloutState:
        """Send everybody to the champion, and end canary and shadow.

        It holds before anything is written: who stops a model that does harm is not
        kept waiting by the books, nor by a full disk.

        Raises:
            RolloutError: It is done, but could not be written down: the disk is full
                or cannot be written, or the files were altered. `refresh` tries again.
        """
        before, stop = self.state, _stop(who, why)
        self._take(_numbered(before, _with(before, stop)))
        try:
            return self.move("abort", who, why, lambda found: _with(found, stop))
        except (RolloutError, LedgerError, OSError) as error:
            self._unwritten = _Unwritten(before.version, who, why)
            with suppress(OSError):  # takes no room, and stops the other workers
                self.path.unlink()
            raise RolloutError(
                f"everybody gets the champion, but it is not in the ledger: {error}"
            ) from error

    def move(
        self,
        action: Action,
        who: str,
        why: str,
        make: Callable[[RolloutState], RolloutState],
    ) -> RolloutState:
        """Replace the state in force, and write who did and why to the ledger.

        Args:
            action: What kind of change.
            who: Name of the caller, of the account, or `canary`.
            why: Why, in words.
            make: Returns the new state of the one in force; may raise.
        """
        with self.locked():
            before = self._in_force()
            after = _numbered(before, make(before))
            decided = Decided(
                time=after.time, who=who, action=action, why=why, old=before, new=after
            )
            self.ledger.append(decided)
            self._write(after)
        self._take(after)
        return after

    def _written_down(self, stop: _Unwritten) -> bool:
        """Write a stop to the ledger that could not be; return whether it is there."""

        def stopped(before: RolloutState) -> RolloutState:
            """Return the state after the stop, where nothing else was decided since."""
            if before.version != stop.version:
                raise StaleError("somebody has decided anew")
            return _with(before, _stop(stop.who, stop.why))

        try:
            self.move("abort", stop.who, stop.why, stopped)
        except StaleError:
            LOG.warning("a stop is not in the ledger: somebody has decided since")
        except (RolloutError, LedgerError, OSError) as error:
            if self.problem is None:
                LOG.error("a stop is not in the ledger yet: %s", error)
            self.problem = f"a stop could not be written: {error}"
            return False
        self._unwritten = None
        return True

    def _in_force(self) -> RolloutState:
        """Return the state by file and ledger, and mend the file after a kill."""
        state, entries = self._read(), self.ledger.read()
        if not entries:
            if state == RolloutState():
                return state
        elif not self.path.exists():  # a stop takes it away where it cannot write
            return _with(entries[-1].new, _stop("", "the file was taken away"))
        elif state == entries[-1].new:
            return state
        elif state == entries[-1].old:
            self._write(entries[-1].new)
            return entries[-1].new
        raise RolloutError(
            f"{self.path}: expected the state that the last line of "
            f"{self.ledger.path.name} says, got version {state.version}, which nobody "
            "decided: it was changed by hand; restore both from a copy"
        )

    def _read(self) -> RolloutState:
        try:
            return RolloutState.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return RolloutState()
        except (OSError, ValidationError) as error:
            why = (
                error.errors()[0]["msg"]
                if isinstance(error, ValidationError)
                else error
            )
            raise RolloutError(
                f"{self.path}: expected the state of a rollout, got {why}; restore it "
                "from a copy"
            ) from error

    def _write(self, state: RolloutState) -> None:
        replace(self.path, state.model_dump_json(indent=2) + "\n")

    def _take(self, state: RolloutState) -> None:
        self.state, self._chooser = state, Chooser(state)

    def _seen(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to change anything here; others wait."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def refuse_own_shadow(shadow: str | None, champion: str | None) -> None:
    """Check that a shadow is another model than the champion.

    Raises:
        OwnShadowError: It is the same: it would double the work and tell nothing.
    """
    if shadow is not None and shadow == champion:
        raise OwnShadowError(
            f"expected a shadow other than the champion, got {shadow}, which answers "
            "everybody already; name another version, or `none`"
        )


def _stop(who: str, why: str) -> dict[str, Any]:
    stopped = {"stopped": why, "stopped_by": who}
    return {"percentage": 0.0, "canary": None, "shadow": None, **stopped}


def _changed(before: RolloutState, change: RolloutChange) -> RolloutState:
    if change.version != before.version:
        raise StaleError(
            f"expected version {before.version}, which is in force, got "
            f"{change.version}; look at what has changed since, and decide again"
        )
    named = change.model_fields_set - {"version", "overrides"}
    fresh = {name: getattr(change, name) for name in named}
    if change.canary and "percentage" not in named and not before.percentage:
        fresh["percentage"] = change.canary.steps[0]
    after = _with(before, {**fresh, "stopped": "", "stopped_by": ""})
    if after.name != before.name:
        after = _with(after, {"overrides": {}, "shares": ()})
    draw = draw_of(after.name)
    sides: dict[str, Side | None] = dict(after.overrides)
    for customer, side in change.overrides.items():
        sides[digest(customer, draw).hex()] = side
    return _with(after, {"overrides": {c: s for c, s in sides.items() if s}})


def _with(state: RolloutState, values: Mapping[str, Any]) -> RolloutState:
    """Return a state with other values, validated as a whole."""
    return RolloutState.model_validate({**dict(state), **values})


def _numbered(before: RolloutState, after: RolloutState) -> RolloutState:
    """Return the new state with its number, its time, and the share it begins."""
    time = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    shares = after.shares
    if not shares or shares[-1].percentage != after.percentage:
        shares = (*shares, Share(time=time, percentage=after.percentage))
    numbered = {"version": before.version + 1, "time": time, "shares": shares}
    return _with(after, numbered)
