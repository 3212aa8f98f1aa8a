"""Features by customer id in a real Redis that goes away and comes back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from churn_pipeline.serving.online import OnlineFeatures
from churn_pipeline.serving.online.encoding import entity_key
from churn_pipeline.serving.online.erase import OnlineErasure
from churn_pipeline.serving.online.record import OBSERVED
from churn_pipeline.serving.online.redis import write_record
from churn_pipeline.serving.refusal import Refusal
from tests.redis_server import redis_server
from tests.serving.online.stores import NEWEST, record, written

ANN = {"age": 41.0, "plan": "plus", "income": None}
FIELDS = {"age": "0a0b0c0d", "plan": "ff000001", "income": "22", OBSERVED: "33"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield f"{server.url}/1"


def fill(url: str, age: float = 41.0) -> None:
    """Write one customer as Feast does."""
    with redis.Redis.from_url(url) as store:
        row = ANN | {"age": age, OBSERVED: NEWEST}
        cells = {bytes.fromhex(FIELDS[n]): written(v) for n, v in row.items()}
        store.hset(entity_key("ann") + b"shop", mapping=cells)
        write_record(store, record({"ann": ANN}).model_copy(update={"fields": FIELDS}))


def code(online: OnlineFeatures, customer: str) -> str:
    with pytest.raises(Refusal) as caught:
        online.features(customer)
    return caught.value.problems[0].code


def test_features_are_read_until_another_generation_is_written(url: str) -> None:
    fill(url)
    online = OnlineFeatures(url, "shop")
    assert dict(online.features("ann")) == ANN
    assert code(online, "eve") == "unknown_customer"
    fill(url, age=42.0)
    assert online.features("ann")["age"] == 41
    online.refresh()
    assert online.features("ann")["age"] == 42


def test_an_erased_customer_is_gone(url: str) -> None:
    fill(url)
    online, erasure = OnlineFeatures(url, "shop"), OnlineErasure(url, "shop")
    assert online.features("ann")
    assert erasure.count("ann") == 4
    erasure.forget("ann")
    assert erasure.count("ann") == 0
    online.refresh()
    assert code(online, "ann") == "unknown_customer"


def test_a_data_set_that_was_not_written_has_no_store(url: str) -> None:
    fill(url)
    assert code(OnlineFeatures(url, "bank"), "ann") == "no_online_store"


def test_a_redis_that_is_gone_costs_one_wait_and_what_is_kept_is_answered(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as server:
        fill(server.url)
        online = OnlineFeatures(server.url, "shop")
        kept = online.features("ann")
    assert code(online, "ben") == "online_store_unreachable"
    assert online.features("ann") is kept
    online.refresh()
    assert online.features("ann") is kept
    with pytest.raises(Refusal) as caught:
        online.features("ben")
    assert "hidden" not in str(caught.value)


def test_a_redis_that_hangs_is_asked_once_until_the_next_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hung:
        online = OnlineFeatures(f"redis://127.0.0.1:{hung.getsockname()[1]}/0", "shop")
        for customer in ("ann", "ben"):
            assert code(online, customer) == "online_store_unreachable"
        hung.setblocking(False)
        hung.accept()[0].close()
        with pytest.raises(BlockingIOError):  # nobody else has come
            hung.accept()
