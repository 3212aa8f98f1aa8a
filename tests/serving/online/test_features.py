"""Features by customer id: read, kept, forgotten, refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from churn_pipeline.serving.online import OnlineFeatures, online_place
from churn_pipeline.serving.online.erase import OnlineErasure
from churn_pipeline.serving.online.features import max_age_days
from churn_pipeline.serving.refusal import Refusal
from tests.serving.online.stores import sqlite_store

ANN = {"age": 41.0, "plan": "plus", "income": None}
BEN = {"age": 29.5, "plan": "", "income": 0.0}
LEFT = ANN | {"observation_date": "2025-11-01"}


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "online.db"


def refused(online: OnlineFeatures, customer: str | int) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        online.features(customer)
    return caught.value.status, caught.value.problems[0].code


def test_features_are_those_written(path: Path) -> None:
    online = OnlineFeatures(sqlite_store(path, {"ann": ANN, "17": BEN}), "shop")
    assert dict(online.features("ann")) == ANN
    assert dict(online.features(17)) == BEN == dict(online.features("17"))


def test_an_unknown_customer_is_not_found(path: Path) -> None:
    online = OnlineFeatures(sqlite_store(path, {"ann": ANN}), "shop")
    assert refused(online, "eve") == (404, "unknown_customer")
    assert refused(online, "ann\x00") == (404, "unknown_customer")
    with pytest.raises(Refusal, match=r"customer_id: .* 1 customers .* got 'eve'"):
        online.features("eve")


def test_a_customer_who_is_no_longer_observed_is_stale(path: Path) -> None:
    online = OnlineFeatures(sqlite_store(path, {"ann": ANN, "lee": LEFT}), "shop")
    assert online.features("ann")
    for _ in range(2):  # read, and kept
        said = "at most 0 days older than 2025-12-31, got those of 2025-11-01, 60 days"
        with pytest.raises(Refusal, match=said):
            online.features("lee")
    assert refused(online, "lee") == (409, "stale_customer")


def test_a_stated_age_is_counted_from_today(path: Path) -> None:
    day = [dt.date(2026, 1, 30)]
    place = sqlite_store(path, {"ann": ANN, "lee": LEFT})
    online = OnlineFeatures(place, "shop", max_age_days=90, today=lambda: day[0])
    assert online.features("ann") and online.features("lee")
    day[0] = dt.date(2026, 1, 31)
    assert online.features("ann")
    assert refused(online, "lee") == (409, "stale_customer")
    day[0] = dt.date(2026, 4, 1)
    with pytest.raises(Refusal, match="90 days older than 2026-04-01"):
        online.features("ann")


def test_what_was_read_is_kept_until_the_store_changes(path: Path) -> None:
    online = OnlineFeatures(sqlite_store(path, {"ann": ANN}), "shop")
    assert online.features("ann")["age"] == 41
    sqlite_store(path, {"ann": ANN | {"age": 42.0}})
    assert online.features("ann")["age"] == 41
    online.refresh()
    assert online.features("ann")["age"] == 42


def test_what_was_read_is_kept_for_so_long(path: Path) -> None:
    clock = Clock()
    place = sqlite_store(path, {"ann": ANN})
    online = OnlineFeatures(place, "shop", cache_seconds=60, clock=clock)
    kept = online.features("ann")
    clock.now = 59.9
    assert online.features("ann") is kept
    clock.now = 60
    assert online.features("ann") is not kept


def test_no_more_are_kept_than_stated(path: Path) -> None:
    rows = {f"c{i}": BEN for i in range(5)}
    online = OnlineFeatures(sqlite_store(path, rows), "shop", cache_size=2)
    kept = online.features("c0")
    online.features("c1")
    assert online.features("c0") is kept
    online.features("c2")  # in the place of c1, which was used least lately
    assert online.features("c0") is kept
    online.features("c3")
    online.features("c4")
    assert online.features("c0") is not kept


def test_without_a_store_it_is_said_how_to_make_one_until_it_is_there(
    path: Path,
) -> None:
    online = OnlineFeatures(f"sqlite:///{path}", "shop")
    with pytest.raises(Refusal, match="make feature-store ENV=NAME"):
        online.features("ann")
    assert refused(online, "ann") == (503, "no_online_store")
    sqlite_store(path, {"ann": ANN})
    online.refresh()
    assert online.features("ann")


def test_a_broken_file_refuses_and_says_nothing_of_the_machine(path: Path) -> None:
    path.write_bytes(b"no database" * 100)
    online = OnlineFeatures(f"sqlite:///{path}", "shop")
    with pytest.raises(Refusal) as caught:
        online.features("ann")
    assert caught.value.problems[0].code == "online_store_unreachable"
    assert str(path.parent) not in str(caught.value)


def test_while_the_store_is_away_those_kept_are_answered(path: Path) -> None:
    online = OnlineFeatures(sqlite_store(path, {"ann": ANN, "ben": BEN}), "shop")
    kept = online.features("ann")
    path.unlink()
    online.refresh()
    assert online.features("ann") is kept
    assert refused(online, "ben") == (503, "no_online_store")


def test_an_erased_customer_is_gone_from_service_and_file(path: Path) -> None:
    ann, ben = "customer-ann", "customer-ben"
    place = sqlite_store(path, {ann: ANN, ben: BEN})
    online, erasure = OnlineFeatures(place, "shop"), OnlineErasure(place, "shop")
    assert online.features(ann)
    assert erasure.count(ann) == 4
    assert ann.encode() in path.read_bytes()
    erasure.forget(ann)
    online.refresh()
    assert refused(online, ann) == (404, "unknown_customer")
    assert erasure.count(ann) == 0
    assert ann.encode() not in path.read_bytes()
    assert dict(online.features(ben)) == BEN


def test_erasing_where_there_is_no_store_finds_nothing(path: Path) -> None:
    erasure = OnlineErasure(f"sqlite:///{path}", "shop")
    erasure.forget("ann")
    assert erasure.count("ann") == 0
    assert not path.exists()


def test_a_place_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(ValueError, match="got mysql; unset it") as caught:
        online_place("shop", {"CHURN_ONLINE_STORE": "mysql://me:hidden@host/db"})
    assert "hidden" not in str(caught.value)


def test_an_age_that_is_no_number_of_days_is_refused() -> None:
    assert max_age_days({}) is None
    assert max_age_days({"CHURN_ONLINE_MAX_AGE_DAYS": "45"}) == 45
    with pytest.raises(ValueError, match="whole number of days, got '-1'"):
        max_age_days({"CHURN_ONLINE_MAX_AGE_DAYS": "-1"})
