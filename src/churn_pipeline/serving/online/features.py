"""Features of a customer by id, for a request that brings the id alone."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from churn_pipeline.masking import mask
from churn_pipeline.serving.online.cache import Cache
from churn_pipeline.serving.online.encoding import value
from churn_pipeline.serving.online.place import SQLITE
from churn_pipeline.serving.online.record import OBSERVED, StoreRecord
from churn_pipeline.serving.refusal import Problem, Refusal, refusal, shown

logger = logging.getLogger(__name__)

MAX_AGE = "CHURN_ONLINE_MAX_AGE_DAYS"
CACHED_CUSTOMERS = 10_000
CACHED_SECONDS = 60.0
FIELD = "customer_id"

Values = Mapping[str, str | float | None]


class Store(Protocol):
    """Where Feast wrote; `sqlite.py` and `redis.py` have one each."""

    record: StoreRecord

    def changed(self) -> bool:
        """Return whether something was written or erased since it was opened."""

    def read(self, customer_id: str) -> dict[str, bytes]:
        """Return the values by name; empty of a customer who is not there."""

    def erase(self, customer_id: str) -> int:
        """Remove a customer; return how many values went."""

    def close(self) -> None:
        """Let go of it."""


class OnlineFeatures:
    """Reads customers' features from an online store, and keeps those read lately.

    Without a store, or where it does not answer, requests by id are refused and
    everything else goes on; `refresh` finds it when it is there.
    """

    def __init__(
        self,
        place: str,
        dataset: str,
        *,
        max_age_days: int | None = None,
        cache_size: int = CACHED_CUSTOMERS,
        cache_seconds: float = CACHED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], dt.date] = dt.date.today,
    ) -> None:
        """Open the store, if there is one.

        Args:
            place: URL of the store, as `online_place` gives it.
            dataset: Name of the data set.
            max_age_days: How long ago, today, a customer may have been observed.
                None: the store's newest observation date is what counts, whenever
                that was.
            cache_size: Most customers kept.
            cache_seconds: How long they are kept where the store does not tell of a
                change.
            clock: Seconds since any moment.
            today: The day.
        """
        self._place, self._dataset = place, dataset
        self._max_age, self._today = max_age_days, today
        self._cache = Cache[tuple[dt.date, Values]](cache_size, cache_seconds, clock)
        self._store: Store | None = None
        self._problem: Refusal | None = None
        self._lock = threading.Lock()
        self.refresh()

    def features(self, customer_id: str | int) -> Values:
        """Return every feature of a customer by name; None where it is missing.

        Takes a microsecond where the customer was asked for lately, and a look into
        the store where not.

        Raises:
            Refusal: 404 `unknown_customer`, 409 `stale_customer`, 503
                `no_online_store` or `online_store_unreachable`.
        """
        name = str(customer_id)
        observed, values = self._cache.get(name) or self._read(name)
        self._require_fresh(observed)
        return values

    def refresh(self) -> None:
        """Look whether the store is there, or another; forget what is older then.

        To be called by one thread at a time. Requests wait for the change alone, not
        for the look: a store may hang.
        """
        old = self._store
        try:
            if old is not None and not old.changed():
                self._problem = None
                return
            new = open_store(self._place, self._dataset)
        except Exception as error:
            self._keep_on(error)
            return
        with self._lock:
            self._store, self._problem = new, None
            self._cache.clear()
        if old is not None:
            old.close()

    def problems(self) -> dict[str, str | None]:
        """Return why a store that was there is not read any more."""
        known = self._store is not None and self._problem is not None
        return {"online": str(self._problem) if known else None}

    def _read(self, name: str) -> tuple[dt.date, Values]:
        """Return when a customer was observed, and the features; keep both.

        What another store holds by now is not kept: a change waits for the lock.
        """
        with self._lock:
            if self._store is None or self._problem is not None:
                raise self._problem or _no_store()
            try:
                written = self._store.read(name)
                values = {key: value(raw) for key, raw in written.items()}
            except Exception as error:
                self._keep_on(error)
                raise _unreachable() from error
            observed = values.pop(OBSERVED, None)
            if observed is None:
                raise _refused(404, "unknown_customer", self._known(), shown(name))
            found = dt.date.fromisoformat(str(observed)), values
            self._cache.put(name, found)
        return found

    def _known(self) -> str:
        record = self._store.record if self._store else None
        count = f"{record.customers:,} " if record else ""
        return f"one of the {count}customers in the online store"

    def _require_fresh(self, observed: dt.date) -> None:
        """Refuse features of a customer who is no longer observed, or old ones."""
        store = self._store
        if self._max_age is not None:
            newest, limit = self._today(), self._max_age
        elif store is not None:
            newest, limit = store.record.newest, 0
        else:
            return
        age = (newest - observed).days
        if age > limit:
            raise _refused(
                409,
                "stale_customer",
                f"features at most {limit} days older than {newest}",
                f"those of {observed}, {age} days older",
            )

    def _keep_on(self, error: Exception) -> None:
        """Say once why the store is not read; what was read before is kept."""
        gone = isinstance(error, FileNotFoundError)
        problem = _no_store() if gone else _unreachable()
        if self._problem is None or str(self._problem) != str(problem):
            why = mask(f"{type(error).__name__}: {error}")
            # A service without a store is nothing to worry of; one that had it is.
            level = logging.INFO if gone and not self._store else logging.WARNING
            logger.log(level, "no features by customer id: %s (%s)", problem, why)
        self._problem = problem


def open_store(place: str, dataset: str) -> Store:
    """Return the online store at a URL.

    Raises:
        FileNotFoundError: There is none.
        Exception: It cannot be read; whatever its own library raises.
    """
    if place.startswith(SQLITE):
        from churn_pipeline.serving.online.sqlite import SQLiteStore

        return SQLiteStore(Path(place.removeprefix(SQLITE)))
    from churn_pipeline.serving.online.redis import RedisStore

    return RedisStore(place, dataset)


def max_age_days(environment: Mapping[str, str]) -> int | None:
    """Return `CHURN_ONLINE_MAX_AGE_DAYS`; None where it is not set.

    Raises:
        ValueError: It is no whole number from 0 on.
    """
    given = environment.get(MAX_AGE)
    if not given:
        return None
    if not given.isdecimal():
        raise ValueError(
            f"expected {MAX_AGE} to be a whole number of days, got {given!r}; unset it "
            "to take customers of the newest observation date, whenever that was"
        )
    return int(given)


def _no_store() -> Refusal:
    return refusal(
        503,
        "no_online_store",
        expected="all features of the customer, or an online store to find them in, "
        "which `make feature-store ENV=NAME` fills (docs/feature-store.md)",
        received="a customer_id alone, and this service has no online store",
    )


def _unreachable() -> Refusal:
    return refusal(
        503,
        "online_store_unreachable",
        expected="an online store that answers",
        received="none; the service's log says why",
    )


def _refused(status: int, code: str, expected: str, received: str) -> Refusal:
    told: dict[str, Any] = {"expected": expected, "received": received}
    return Refusal(status, [Problem(code=code, field=FIELD, **told)])
