"""Features in the Redis that Feast wrote to."""

from __future__ import annotations

import uuid
from typing import Any

from churn_pipeline.serving.online.encoding import entity_key
from churn_pipeline.serving.online.record import StoreRecord

GIVE_UP_SECONDS = 0.25


class RedisStore:
    """Reads one customer's values, and erases them."""

    def __init__(self, url: str, dataset: str) -> None:
        """Connect, and take the record of a data set.

        Args:
            url: As `redis://:password@host:6379/0`.
            dataset: Name of the data set.

        Raises:
            FileNotFoundError: Nothing was written there for that data set.
            ValueError: The record is of another version.
            redis.RedisError: Redis does not answer.
        """
        self._redis = client(url)
        self._dataset = dataset
        written = self._redis.get(record_key(dataset))
        if written is None:
            raise FileNotFoundError(f"the record of {dataset}")
        self._written = written
        self.record = StoreRecord.model_validate_json(written)
        self._names = list(self.record.fields)
        self._fields = [bytes.fromhex(field) for field in self.record.fields.values()]

    def changed(self) -> bool:
        """Return whether something was written or erased since.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        return bool(self._redis.get(record_key(self._dataset)) != self._written)

    def read(self, customer_id: str) -> dict[str, bytes]:
        """Return the values by name, as Feast wrote them; empty of an unknown one.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        found: list[bytes | None] = self._redis.hmget(
            self._key(customer_id), self._fields
        )
        pairs = zip(self._names, found, strict=True)
        return {name: value for name, value in pairs if value is not None}

    def erase(self, customer_id: str) -> int:
        """Remove a customer; return how many values went.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        gone = len(self.read(customer_id))
        if self._redis.delete(self._key(customer_id)):
            write_record(self._redis, self.record)
        return gone

    def close(self) -> None:
        """End the connections."""
        self._redis.close()

    def _key(self, customer_id: str) -> bytes:
        return entity_key(customer_id) + self._dataset.encode()


def client(url: str) -> Any:
    """Return a client that gives up soon: a request waits for it.

    Raises:
        ValueError: The package is not installed.
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise ValueError(
            "expected the package redis, which a store at redis:// needs, found none; "
            "pip install -c requirements.lock -e '.[redis]'"
        ) from error
    return redis.Redis.from_url(
        url,
        socket_timeout=GIVE_UP_SECONDS,
        socket_connect_timeout=GIVE_UP_SECONDS,
        retry=Retry(NoBackoff(), 0),  # it would wait three times as long as stated
    )


def record_key(dataset: str) -> str:
    """Return the key of what a data set's store says of itself."""
    return f"churn:online:{dataset}"


def write_record(redis: Any, record: StoreRecord) -> None:
    """Say what is in the store, as another generation."""
    told = record.model_copy(update={"generation": uuid.uuid4().hex})
    redis.set(record_key(record.dataset), told.model_dump_json())
