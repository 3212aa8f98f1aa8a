from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from churn_pipeline.simulation.company import count_chunks, simulate_chunks
from churn_pipeline.simulation.params import Simulation

TABLES = ("customers", "transactions", "contracts", "truth")


@pytest.fixture(scope="module")
def chunks(company, label):
    return list(simulate_chunks(company, label, seed=1))


@pytest.fixture(scope="module")
def clean(company, label):
    """The company without bad rows, its tables joined over the chunks."""
    dirt = company.dirt.model_copy(update={"share": 0.0})
    parts = list(
        simulate_chunks(company.model_copy(update={"dirt": dirt}), label, seed=1)
    )
    return {n: pa.concat_tables([getattr(p, n) for p in parts]) for n in TABLES}


def days(column: pa.ChunkedArray) -> np.ndarray:
    text = pc.utf8_slice_codeunits(column, 0, 10)
    return text.cast(pa.date32()).cast(pa.int32()).to_numpy()


def test_the_same_seed_gives_the_same_company(chunks, company, label) -> None:
    again = next(iter(simulate_chunks(company, label, seed=1)))
    other = next(iter(simulate_chunks(company, label, seed=2)))
    assert all(getattr(again, n).equals(getattr(chunks[0], n)) for n in TABLES)
    assert not other.customers.equals(again.customers)


def test_chunks_bound_the_customers_held_at_a_time(company, chunks) -> None:
    assert count_chunks(company) == len(chunks) == 2
    ids = [c.truth["customer_id"].unique().to_pylist() for c in chunks]
    assert not set(ids[0]) & set(ids[1])


def test_ids_are_unique_over_chunks(clean, company) -> None:
    assert len(clean["customers"]) == company.customers
    for table, column in [
        ("customers", "customer_id"),
        ("transactions", "transaction_id"),
        ("contracts", "contract_id"),
    ]:
        ids = clean[table][column]
        assert pc.count_distinct(ids).as_py() == len(ids)


def test_bad_rows_are_added_to_the_good_ones(chunks, clean, company) -> None:
    for name, kinds in company.dirt.kinds.items():
        planted = sum((Counter(c.dirt[name]) for c in chunks), Counter())
        assert set(planted) == set(kinds)
        rows = sum(getattr(c, name).num_rows for c in chunks)
        assert rows - clean[name].num_rows == planted.total()


def test_raw_cells_are_text(chunks) -> None:
    for name in ("customers", "transactions", "contracts"):
        assert set(getattr(chunks[0], name).schema.types) == {pa.string()}


def test_some_rows_arrive_days_late(clean, company) -> None:
    table = clean["transactions"]
    delay = days(table["known_at"]) - days(table["event_time"])
    assert delay.min() == 0
    assert delay.max() == company.late_days
    assert np.mean(delay > 0) == pytest.approx(company.late_share, rel=0.2)


def test_events_lie_within_the_data(clean) -> None:
    times = clean["transactions"]["event_time"]
    assert pc.min(times).as_py() >= "2024-01-01 00:00:00"
    assert pc.max(times).as_py() < "2026-01-01 00:00:00"


def test_missing_cells_have_the_stated_share(clean, company) -> None:
    missing = clean["customers"]["income"].null_count / company.customers
    assert missing == pytest.approx(company.missing["income"], abs=0.03)


def test_terms_of_a_contract_follow_each_other(clean) -> None:
    rows = clean["contracts"].select(["customer_id", "start_date", "end_date"])
    last: dict[str, str] = {}
    for who, start, end in zip(*(c.to_pylist() for c in rows.columns), strict=True):
        assert last.get(who, start) == start
        assert start < end
        last[who] = end


def test_a_cancelled_term_is_the_last_one(clean) -> None:
    rows = clean["contracts"].select(["customer_id", "cancelled_at"]).to_pylist()
    gone: set[str] = set()
    for row in rows:
        assert row["customer_id"] not in gone
        if row["cancelled_at"]:
            gone.add(row["customer_id"])
    assert gone


def test_inputs_drift_from_the_stated_day(clean) -> None:
    table = clean["transactions"].filter(
        pc.equal(clean["transactions"]["kind"], "purchase")
    )
    after = pc.greater_equal(table["event_time"], "2025-09-02")
    amount = table["amount"].cast(pa.float64())
    medians = [
        pc.quantile(amount.filter(mask))[0].as_py()
        for mask in (after, pc.invert(after))
    ]
    assert medians[0] > 1.2 * medians[1]


def test_the_customers_won_change_with_the_drift(clean) -> None:
    table = clean["customers"]
    campaign = pc.greater_equal(table["signup_date"], "2025-09-01")
    partner = pc.equal(table["channel"], "partner")
    share = [
        pc.mean(partner.filter(m)).as_py() for m in (campaign, pc.invert(campaign))
    ]
    assert share[0] > 0.6
    assert share[1] < 0.3


def test_truth_is_a_probability_at_each_observation_date(clean, company) -> None:
    table = clean["truth"]
    dates = sorted(set(table["observation_date"].to_pylist()))
    assert len(dates) == company.months
    assert str(dates[0]) == "2024-02-01"
    assert str(dates[-2]) == "2025-12-01"
    assert str(dates[-1]) == "2025-12-31"
    chance = table["churn_probability"].to_numpy()
    assert chance.min() >= 0
    assert chance.max() <= 1


def test_the_concept_changes_the_probability_and_not_the_past(
    clean, company, label
) -> None:
    dirt = company.dirt.model_copy(update={"share": 0.0})
    update = {"concept_changes": (), "dirt": dirt}
    same = company.model_copy(update=update)
    parts = list(simulate_chunks(same, label, seed=1))
    truth = pa.concat_tables([p.truth for p in parts])
    changed = clean["truth"]

    def until(table: pa.Table, day: str) -> pa.Table:
        before = pc.less(table["observation_date"].cast(pa.string()), day)
        return table.filter(before)

    # The horizon of 1 August ends with September, before the change.
    assert until(truth, "2025-08-02").equals(until(changed, "2025-08-02"))
    assert not until(truth, "2025-10-02").equals(until(changed, "2025-10-02"))


def test_an_unknown_coefficient_of_the_change_is_refused(company) -> None:
    values = company.model_dump(mode="json")
    values["concept_changes"][0]["hazard"] = {"moon": 1.0}
    with pytest.raises(ValueError, match="got moon"):
        Simulation.model_validate(values)


def test_a_name_that_lacks_its_coefficient_is_refused(company) -> None:
    values = company.model_dump(mode="json")
    del values["hazard"]["region"]["west"]
    with pytest.raises(ValueError, match=r"hazard\.region.*for the same names"):
        Simulation.model_validate(values)
