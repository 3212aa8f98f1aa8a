"""From typed tables to `customer_features`: one row a customer and observation date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
from ibis import _

from churn_pipeline.dataset import Column, Dataset
from churn_pipeline.feature import FeatureSet
from churn_pipeline.features.activity import activity, activity_definitions
from churn_pipeline.features.columns import (
    column_definitions,
    reported_columns,
    used_columns,
)
from churn_pipeline.features.contracts import contract_definitions, contract_state
from churn_pipeline.features.definition import Definition, select
from churn_pipeline.features.observation import population
from churn_pipeline.features.season import season_definitions
from churn_pipeline.features.timeline import (
    Timeline,
    day_number,
    days_since_epoch,
    lookback_timeline,
)

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
    columns = dict(table.columns)
    observed = customers.mutate(
        observation_date=ibis.date(date),
        observed_day=ibis.literal(day_number(date), "int32"),
    )
    return _features(observed, column_definitions(used_columns(columns)), columns)


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
    done = activity(tables.transactions, transactions, timeline, parameters)
    known = _with_contracts(done, tables.contracts, dataset, timeline)
    customers_then = population(known, dataset, parameters)
    observed = _with_customers(customers_then, tables.customers, dataset)
    definitions = activity_definitions(transactions, parameters, dataset.currency)
    if parameters.season:
        definitions += season_definitions()
    if (contracts := dataset.tables.contracts) is not None:
        definitions += contract_definitions()
        definitions += column_definitions(_nullable(used_columns(contracts.columns)))
    customers = dataset.tables.customers
    columns = customers.columns if customers else {}
    definitions += column_definitions(used_columns(columns), past_only=True)
    return _features(observed, definitions, columns)


def _with_contracts(
    done: ibis.Table, contracts: ibis.Table, dataset: Dataset, timeline: Timeline
) -> ibis.Table:
    """Return the customers known by an event or a contract, with date and contract.

    Sums are 0 where nothing happened.
    """
    table = dataset.tables.contracts
    if table is not None:
        state = contract_state(contracts, timeline, used_columns(table.columns))
        both = done.outer_join(state, OBSERVED)
        keys = {key: ibis.coalesce(_[key], _[f"{key}_right"]) for key in OBSERVED}
        sums = [name for name, kind in done.schema().items() if kind.is_float64()]
        filled = {name: _[name].fill_null(0.0) for name in sums}
        done = both.mutate(**keys, **filled).drop(*(f"{key}_right" for key in OBSERVED))
    return done.join(timeline.observations(), "observed")


def _with_customers(
    observed: ibis.Table, customers: ibis.Table, dataset: Dataset
) -> ibis.Table:
    """Return the rows with the columns of the customers, and `start_day`.

    The columns are those of today at every date; a start after a date is null there.
    """
    table = dataset.tables.customers
    if table is None:
        # A start derived from all the events would know of later ones.
        return observed.mutate(start_day=ibis.null("int32"))
    start = days_since_epoch(_.start_date) if table.start_date else ibis.null("int32")
    known = customers.select("customer_id", *table.columns, start_day=start)
    joined = observed.left_join(known, "customer_id").drop("customer_id_right")
    begun = _.start_day <= _.observed_day
    return joined.mutate(start_day=ibis.ifelse(begun, _.start_day, ibis.null("int32")))


def _nullable(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns of a contract as those of a customer who may have none."""
    return {
        name: column.model_copy(update={"nullable": True})
        for name, column in columns.items()
    }


def _features(
    observed: ibis.Table,
    definitions: Sequence[Definition],
    columns: Mapping[str, Column],
) -> Features:
    """Return the table of keys, features and reported columns with its metadata."""
    reported = column_definitions(reported_columns(columns))
    if not definitions:
        raise ValueError(
            "expected at least one column with `feature: true`, got none; "
            "declare columns in dataset.yml"
        )
    return Features(
        select(observed, KEYS, [*definitions, *reported]),
        FeatureSet(
            features=tuple(definition.feature for definition in definitions),
            segments=tuple(name for name, c in columns.items() if c.segment),
            sensitive=tuple(name for name, c in columns.items() if c.sensitive),
        ),
    )
