"""From typed tables to `customer_features`: one row a customer and observation date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
from ibis import _

from churn_pipeline.dataset import Dataset
from churn_pipeline.feature import FeatureSet
from churn_pipeline.features.activity import activity, activity_definitions
from churn_pipeline.features.columns import OwnColumns, columns_of_contracts
from churn_pipeline.features.contracts import contract_definitions, contract_state
from churn_pipeline.features.definition import Definition, select
from churn_pipeline.features.observation import population
from churn_pipeline.features.season import season_definitions
from churn_pipeline.features.timeline import (
    day_number,
    days_since_epoch,
    lookback_timeline,
)
from churn_pipeline.tables import Customers

if TYPE_CHECKING:
    from churn_pipeline.features.observation import Calendar
    from churn_pipeline.features.params import FeatureEngineering

KEYS = ("customer_id", "observation_date")
OBSERVED = ("customer_id", "observed")


class Tables(NamedTuple):
    """The typed tables of a data set, as `data_validation` writes them."""

    customers: ibis.Table
    transactions: ibis.Table
    contracts: ibis.Table


class Features(NamedTuple):
    """`customer_features`, lazily, and what its columns are."""

    table: ibis.Table
    feature_set: FeatureSet


def snapshot_features(customers: ibis.Table, dataset: Dataset) -> Features:
    """Return the features of a snapshot: its declared columns, typed for a model.

    Args:
        customers: Typed snapshot, one row a customer.
        dataset: A data set of shape snapshot.

    Returns:
        `customer_id`, `observation_date` (the snapshot date), one column a feature
        (float64 or text), and the columns that are only reported by.

    Raises:
        ValueError: No column may be used as a feature.
    """
    table, date = dataset.tables.customers, dataset.snapshot_date
    if table is None or date is None:
        raise ValueError(
            "expected a data set of shape snapshot with `tables.customers` and "
            f"`snapshot_date`, got shape {dataset.shape}"
        )
    own = OwnColumns("customers", table.columns)
    observed = customers.select(
        "customer_id",
        observation_date=ibis.date(date),
        observed_day=ibis.literal(day_number(date), "int32"),
        **own.of(customers),
    )
    return _features(observed, [], [own])


def event_features(
    tables: Tables,
    dataset: Dataset,
    parameters: FeatureEngineering,
    calendar: Calendar,
) -> Features:
    """Return the features of a data set of events at every observation date.

    Args:
        tables: Typed tables.
        dataset: A data set of shape events.
        parameters: Windows, kinds, population.
        calendar: Observation dates.

    Returns:
        `customer_id`, `observation_date`, one column a feature (float64 or text), and
        the columns that are only reported by. A row for each customer in the
        population of the date: with a running contract, or active of late and since
        the last contract ended.
    """
    transactions = dataset.tables.transactions
    assert transactions is not None  # noqa: S101 - the data set's own invariant
    timeline = lookback_timeline(calendar.dates, parameters.windows_days)
    known = activity(tables.transactions, transactions, timeline, parameters)
    definitions = activity_definitions(transactions, parameters, dataset.currency)
    if parameters.season:
        definitions += season_definitions()
    own = []
    if (contracts := dataset.tables.contracts) is not None:
        own.append(columns_of_contracts(contracts.columns))
        state = contract_state(tables.contracts, timeline, own[0])
        known = _with_contracts(known, state)
        definitions += contract_definitions()
    known = known.join(timeline.observations(), "observed")
    observed = population(known, dataset, parameters)
    if (customers := dataset.tables.customers) is not None:
        own.append(OwnColumns("customers", customers.columns, past_only=True))
        observed = _with_customers(observed, tables.customers, customers, own[-1])
    else:
        # A start derived from all the events would know of later ones.
        observed = observed.mutate(start_day=ibis.null("int32"))
    return _features(observed, definitions, own)


def _with_contracts(done: ibis.Table, state: ibis.Table) -> ibis.Table:
    """Return the customers known by an event or a contract, at each date.

    Sums are 0 where nothing happened.
    """
    both = done.outer_join(state, OBSERVED)
    keys = {key: ibis.coalesce(_[key], _[f"{key}_right"]) for key in OBSERVED}
    sums = [name for name, kind in done.schema().items() if kind.is_float64()]
    filled = {name: _[name].fill_null(0.0) for name in sums}
    return both.mutate(**keys, **filled).drop(*(f"{key}_right" for key in OBSERVED))


def _with_customers(
    observed: ibis.Table, customers: ibis.Table, table: Customers, own: OwnColumns
) -> ibis.Table:
    """Return the rows with the columns of the customers, and `start_day`.

    The columns are those of today at every date; a start after a date is null there.
    """
    start = days_since_epoch(_.start_date) if table.start_date else ibis.null("int32")
    known = customers.select("customer_id", start_day=start, **own.of(customers))
    joined = observed.left_join(known, "customer_id").drop("customer_id_right")
    begun = _.start_day <= _.observed_day
    return joined.mutate(start_day=ibis.ifelse(begun, _.start_day, ibis.null("int32")))


def _features(
    observed: ibis.Table, computed: Sequence[Definition], own: Sequence[OwnColumns]
) -> Features:
    """Return the table of keys, features and reported columns with its metadata."""
    definitions = [*computed, *(d for columns in own for d in columns.features())]
    reported = [d for columns in own for d in columns.reported()]
    if not definitions:
        raise ValueError(
            "expected at least one column with `feature: true`, got none; "
            "declare columns in dataset.yml"
        )
    return Features(
        select(observed, KEYS, [*definitions, *reported]),
        FeatureSet(
            features=tuple(definition.feature for definition in definitions),
            segments=tuple(n for columns in own for n in columns.segments()),
            sensitive=tuple(n for columns in own for n in columns.sensitive()),
        ),
    )
