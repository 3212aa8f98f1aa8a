"""One definition makes the column and its metadata; both shapes give one table."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.activity import activity
from churn_pipeline.features.build import event_features, snapshot_features
from churn_pipeline.features.columns import columns_of_contracts
from churn_pipeline.features.contracts import contract_state, known_terms
from churn_pipeline.features.events import cell_sums, placed_events, typed_events
from churn_pipeline.features.timeline import lookback_timeline
from tests.features.tables import (
    CALENDAR,
    COMPANY,
    PARAMETERS,
    as_tables,
    customers,
    events,
    features_of,
    random_company,
    terms,
)

SNAPSHOT = {
    "name": "tiny",
    "shape": "snapshot",
    "snapshot_date": "2024-01-31",
    "tables": {
        "customers": {
            "customer_id": "id",
            "columns": {
                "charge": {"type": "number", "unit": "EUR", "min": 0},
                "plan": {"type": "category", "allowed": ["basic", "plus"]},
                "paperless": {"type": "boolean"},
                "joined": {"type": "date"},
                "gender": {"type": "category", "sensitive": True, "feature": False},
                "name": {"type": "category", "feature": False},
            },
        }
    },
    "label": {"rule": "column", "column": "churn", "positive": "Yes"},
}


def _snapshot() -> ibis.Table:
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "charge": [10.0, None],
            "plan": ["basic", None],
            "paperless": pd.array([True, None], dtype="boolean"),
            "joined": pd.to_datetime(["2024-01-01", "2023-01-31"]),
            "gender": ["female", "male"],
            "name": ["x", "y"],
            "label": [0.0, 1.0],
        }
    )
    return ibis.memtable(frame).cast({"joined": "date"})


def test_a_snapshot_keeps_its_columns_as_a_model_reads_them() -> None:
    made = snapshot_features(_snapshot(), Dataset.model_validate(SNAPSHOT))
    rows = made.table.order_by("customer_id").to_pandas()
    assert list(rows) == [
        "customer_id",
        "observation_date",
        *("charge", "plan", "paperless", "joined", "gender"),
    ]
    assert (
        pd.to_datetime(rows["observation_date"]).dt.date.tolist()
        == [dt.date(2024, 1, 31)] * 2
    )
    assert rows["joined"].tolist() == [30.0, 365.0]
    assert rows["paperless"].iloc[0] == 1.0
    assert np.isnan(rows["paperless"].iloc[1])
    assert made.feature_set.names == ("charge", "plan", "paperless", "joined")
    assert made.feature_set.sensitive == ("gender",)
    charge, plan = made.feature_set.features[:2]
    assert (charge.unit, charge.min, charge.type) == ("EUR", 0, "number")
    assert (plan.allowed, plan.type) == (("basic", "plus"), "category")


def test_a_snapshot_without_a_usable_column_is_refused() -> None:
    columns = {"name": {"type": "category", "feature": False}}
    customers = SNAPSHOT["tables"]["customers"] | {"columns": columns}
    dataset = SNAPSHOT | {"tables": {"customers": customers}}
    with pytest.raises(ValueError, match="at least one column with `feature: true`"):
        snapshot_features(_snapshot(), Dataset.model_validate(dataset))


def test_metadata_and_columns_of_events_agree() -> None:
    tables = as_tables(random_company(size=12))
    made = event_features(tables, COMPANY, PARAMETERS, CALENDAR)
    rows = made.table.to_pandas()
    assert list(rows)[2:] == [*made.feature_set.names, "gender"]
    assert made.feature_set.segments == ("region",)
    assert made.feature_set.sensitive == ("gender",)
    assert not rows.duplicated(["customer_id", "observation_date"]).any()
    for feature in made.feature_set.features:
        values = rows[feature.name]
        if feature.type == "number":
            assert values.dtype == np.float64, feature.name
            assert feature.min is None or values.min() >= feature.min, feature.name
            assert feature.max is None or values.max() <= feature.max, feature.name
        assert feature.nullable or values.notna().all(), feature.name


def test_features_made_of_one_thing_share_a_topic() -> None:
    tables = as_tables(random_company(size=12))
    made = event_features(tables, COMPANY, PARAMETERS, CALENDAR)
    topics: dict[str, list[str]] = {}
    for feature in made.feature_set.features:
        topics.setdefault(feature.topic, []).append(feature.name)
    assert topics["recency"] == ["recency_days", "recency_per_gap"]
    assert {"has_contract", "term_left_days"} <= set(topics["contract"])
    assert {"frequency", "gap_mean_days"} < set(topics["purchases"])
    assert all(name.startswith("complaint_") for name in topics["complaint"])
    assert "monetary" in topics["amount"]
    assert "tenure_days" in topics[""]


def test_the_topic_of_a_column_is_what_dataset_yml_says() -> None:
    table = SNAPSHOT["tables"]["customers"]
    charge = table["columns"]["charge"] | {"topic": "plan"}
    told = table | {"columns": table["columns"] | {"charge": charge}}
    dataset = Dataset.model_validate(SNAPSHOT | {"tables": {"customers": told}})
    features = snapshot_features(_snapshot(), dataset).feature_set.features
    assert {f.name: f.topic for f in features if f.topic} == {"charge": "plan"}


def test_the_population_is_contracts_and_recent_activity() -> None:
    company = random_company(size=12)
    only = {"c00": "2024-03-20", "c01": "2024-01-05"}
    purchases = company["transactions"].drop_duplicates("customer_id")
    purchases = purchases[purchases["customer_id"].isin(only)].assign(
        event_time=lambda rows: pd.to_datetime(rows["customer_id"].map(only)),
        known_at=lambda rows: rows["event_time"],
        kind="purchase",
        is_cancelled=False,
    )
    contract = terms([("c02", "2024-01-01", "2024-04-20")])
    rows = features_of(
        company | {"transactions": purchases, "contracts": contract},
        PARAMETERS.model_copy(update={"active_within_days": 40}),
    )
    april, may = pd.Timestamp("2024-04-01"), pd.Timestamp("2024-05-01")
    assert list(rows.loc[april].index) == ["c00", "c02"]
    assert may not in rows.index  # idle for 42 days, and the contract has ended
    assert rows.loc[(april, "c02"), "term_left_days"] == 19
    assert np.isnan(rows.loc[(april, "c02"), "recency_days"])
    assert rows.loc[(april, "c02"), "purchases_90d"] == 0


@pytest.mark.parametrize("within", [40, None])
def test_who_let_a_contract_end_is_a_customer_only_after_coming_back(
    within: int | None,
) -> None:
    bought = {
        "left": "2024-03-09",
        "left on the day": "2024-03-10",
        "back": "2024-03-11",
        "cancelled": "2024-03-09",
        "back known late": "2024-03-11",
        "add-on ended": "2024-03-09",
        "never": "2024-03-09",
    }
    rows = [
        (name, day, 1, "2024-04-05" if name == "back known late" else None)
        for name, day in bought.items()
    ]
    ended = ("2023-03-10", "2024-03-10")
    contracts = [
        (name, *ended) for name in bought if name not in {"cancelled", "never"}
    ]
    contracts += [
        ("cancelled", "2023-06-01", "2024-06-01", "2024-03-10"),
        ("add-on ended", "2024-01-01", "2025-01-01"),
    ]
    frames = {
        "customers": customers(list(bought)),
        "transactions": events(rows),
        "contracts": terms(contracts),
    }
    parameters = PARAMETERS.model_copy(update={"active_within_days": within})
    april = features_of(frames, parameters).loc[pd.Timestamp("2024-04-01")]
    assert list(april.index) == ["add-on ended", "back", "never"]


def test_dates_of_customers_after_the_observation_date_are_null() -> None:
    people = customers(["a"]).assign(
        born=pd.Timestamp("2024-05-01"), start_date=pd.Timestamp("2024-05-02")
    )
    frames = {
        "customers": people,
        "transactions": events([("a", "2024-03-20", 1)]),
        "contracts": terms([("z", "2020-01-01", "2020-02-01")]),
    }
    rows = features_of(frames).xs("a", level="customer_id")
    # Without a start, tenure counts from the first purchase.
    assert rows["born"].fillna(-1).tolist() == [-1, 0, 31]
    assert rows["tenure_days"].tolist() == [12, 42, 30]
    made = event_features(as_tables(frames), COMPANY, PARAMETERS, CALENDAR)
    born = next(f for f in made.feature_set.features if f.name == "born")
    assert (born.nullable, born.min) == (True, 0)


def _declaring(table: str, columns: dict[str, object]) -> Dataset:
    """The company with other declared columns of a table."""
    data = COMPANY.model_dump()
    data["tables"][table]["columns"] = columns
    return Dataset.model_validate(data)


@pytest.mark.parametrize("name", ["tenure_days", "Tenure_Days"])
def test_two_columns_of_one_name_are_refused(name: str) -> None:
    dataset = _declaring("customers", {name: {"type": "number"}})
    frames = random_company(size=3)
    frames["customers"][name] = 1.0
    with pytest.raises(ValueError, match=r"got .*tenure_days twice"):
        event_features(as_tables(frames), dataset, PARAMETERS, CALENDAR)


def _internal_names() -> list[str]:
    """Every column on the way to the features that is neither a feature nor a key."""
    tables, table = as_tables(random_company(size=3)), COMPANY.tables.transactions
    timeline = lookback_timeline(CALENDAR.dates, PARAMETERS.windows_days)
    typed = typed_events(tables.transactions, table, 0.01)
    placed = placed_events(typed, timeline, merge_orders=True)
    way = [
        placed,
        cell_sums(placed, PARAMETERS.counted_kinds),
        activity(tables.transactions, table, timeline, PARAMETERS),
        known_terms(tables.contracts, timeline),
        contract_state(tables.contracts, timeline, columns_of_contracts({})),
        *(timeline.observations(), timeline.days(), timeline.history()),
    ]
    made = event_features(tables, COMPANY, PARAMETERS, CALENDAR).table.columns
    names = {name for step in way for name in step.columns} - set(made)
    return sorted({*names, "start_day", "rank", "customer_id_right", "came_back"})


@pytest.mark.parametrize("table", ["customers", "contracts"])
def test_a_declared_column_of_an_internal_name_keeps_its_values(table: str) -> None:
    names = _internal_names()
    assert {"purchases", "amount", "last_day", "terms", "observed"} < set(names)
    reserved = getattr(COMPANY.tables, table).reserved
    values = {name: 1000.0 + n for n, name in enumerate(names) if name not in reserved}
    frames = random_company(size=8)
    expected = features_of(frames)
    dataset = _declaring(table, {name: {"type": "number"} for name in values})
    rows = features_of(
        frames | {table: frames[table].assign(**values)}, dataset=dataset
    )
    has_value = (
        rows["has_contract"] == 1 if table == "contracts" else [True] * len(rows)
    )
    for name, value in values.items():
        assert (rows.loc[has_value, name] == value).all(), name
    others = [name for name in expected if name in rows and name not in values]
    pd.testing.assert_frame_equal(rows[others], expected[others], check_exact=True)
    assert len(others) >= 25


def test_a_snapshots_columns_may_have_internal_names() -> None:
    columns = {"observed_day": {"type": "number"}, "observed": {"type": "number"}}
    table = SNAPSHOT["tables"]["customers"] | {"columns": columns}
    dataset = Dataset.model_validate(SNAPSHOT | {"tables": {"customers": table}})
    frame = pd.DataFrame(
        {"customer_id": ["a"], "observed_day": [5.0], "observed": [6.0], "label": 0.0}
    )
    rows = snapshot_features(ibis.memtable(frame), dataset).table.to_pandas()
    assert rows[["observed_day", "observed"]].to_numpy().tolist() == [[5, 6]]


def test_the_running_contracts_columns_are_reported_by() -> None:
    columns = {
        "plan": {"type": "category", "segment": True},
        "payer": {"type": "category", "sensitive": True, "feature": False},
        "note": {"type": "category", "feature": False},
    }
    frames = random_company(size=8)
    paid = frames["contracts"].assign(payer="firm", note="x")
    dataset = _declaring("contracts", columns)
    made = event_features(
        as_tables(frames | {"contracts": paid}), dataset, PARAMETERS, CALENDAR
    )
    assert made.feature_set.segments == ("plan", "region")
    assert made.feature_set.sensitive == ("payer", "gender")
    assert "payer" not in made.feature_set.names
    rows = made.table.to_pandas()
    assert list(rows)[-2:] == ["payer", "gender"]
    assert ((rows["payer"] == "firm") == (rows["has_contract"] == 1)).all()


@pytest.mark.parametrize(
    "wish", [{"feature": True}, {}, {"feature": False, "segment": True}]
)
def test_columns_of_transactions_are_no_features_and_say_so(
    wish: dict[str, bool],
) -> None:
    columns = {"shop": {"type": "category"} | wish}
    with pytest.raises(ValueError, match=r"got \['shop'\]; set `feature: false`"):
        _declaring("transactions", columns)


@pytest.mark.parametrize("name", ["label", "split", "observation_date"])
def test_a_contract_has_no_column_of_a_name_that_model_input_uses(name: str) -> None:
    with pytest.raises(ValueError, match="expected columns of other names"):
        _declaring("contracts", {name: {"type": "number"}})
