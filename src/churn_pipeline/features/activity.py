"""Features of what a customer did: recency, frequency, monetary value, windows, gaps.

Everything is a sum, a smallest or a largest value over cells of the time line, so
that no window reads the events again.
"""

from __future__ import annotations

import re

import ibis
from ibis import _
from ibis.common.deferred import Deferred

from churn_pipeline.features.definition import Definition, about, ratio, root
from churn_pipeline.features.events import (
    SQUARE_UNIT,
    cell_sums,
    has_orders,
    placed_events,
    typed_events,
)
from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.features.timeline import Timeline, days_since_epoch
from churn_pipeline.tables import Transactions

OBSERVED = ("customer_id", "observed")


def activity(
    transactions: ibis.Table,
    table: Transactions,
    timeline: Timeline,
    parameters: FeatureEngineering,
) -> ibis.Table:
    """Return what was known of each customer's activity at each observation date.

    Args:
        transactions: Typed events with canonical column names.
        table: Roles of the transactions table.
        timeline: From `lookback_timeline`.
        parameters: Windows and counted kinds.

    Returns:
        `customer_id`, `observed`, sums over the customer's whole known past
        (`purchases`, `amount`) and over each window (`purchases_30`, ...), all
        float64, and `first_day` and `last_day` of a purchase (int32, null where
        there is none). No row of who has done nothing yet.
    """
    happened = typed_events(transactions, table, parameters.amount_resolution)
    placed = placed_events(happened, timeline, merge_orders=has_orders(table))
    cells = cell_sums(placed, parameters.counted_kinds)
    # A customer's cells side by side: DuckDB then finds the few groups they go to in
    # its caches, which saves more than the sort of this shorter table costs.
    cells = cells.order_by("customer_id")
    known = cells.join(timeline.history(), "cell").filter(_.known <= _.observed)
    return known.group_by(OBSERVED).aggregate(
        purchases=_.purchases.sum(),
        amount=_.amount.sum(),
        first_day=days_since_epoch(_.first_day.min()),
        last_day=days_since_epoch(_.last_day.max()),
        **_window_sums(parameters),
    )


def _window_sums(parameters: FeatureEngineering) -> dict[str, Deferred]:
    """Return the sums over the cells of each window, by name."""
    kinds = [f"kind_{index}" for index in range(len(parameters.counted_kinds))]
    longest = parameters.longest_days
    sums = [
        (name, days)
        for name in ("purchases", "amount", *kinds)
        for days in parameters.windows_days
    ]
    at_longest = ("square_units", "square_rest", "cancellations")
    sums += [(name, longest) for name in at_longest]
    return {f"{name}_{days}": (_[name] * _[f"in_{days}"]).sum() for name, days in sums}


def activity_definitions(
    table: Transactions, parameters: FeatureEngineering, currency: str
) -> list[Definition]:
    """Return the features of activity, over the columns that `activity` makes.

    Args:
        table: Roles of the transactions table: without amounts, no feature of money.
        parameters: Windows and counted kinds.
        currency: Unit of the amounts.

    Returns:
        Definitions over a table of `activity` with `observed_day` and `start_day`.
    """
    definitions = [*_lifetime_definitions(), *_gap_definitions()]
    definitions += _count_definitions(parameters) + _kind_definitions(parameters)
    if table.cancelled_if_starts_with:
        definitions += _cancellation_definitions(parameters)
    if table.amount is not None:
        definitions += _amount_definitions(parameters, currency)
    return definitions


def _lifetime_definitions() -> list[Definition]:
    """Return recency, tenure and frequency."""
    return [
        Definition(
            "recency_days",
            _.observed_day - _.last_day,
            "Days since the last purchase",
            unit="days",
            nullable=True,
            min=0,
            topic="recency",
        ),
        Definition(
            "tenure_days",
            _.observed_day - ibis.coalesce(_.start_day, _.first_day),
            "Days since the customer began",
            unit="days",
            nullable=True,
            min=0,
        ),
        Definition(
            "frequency",
            _.purchases,
            "Purchases so far",
            unit="purchases",
            min=0,
            topic="purchases",
        ),
    ]


def _gap_definitions() -> list[Definition]:
    """Return the rhythm of purchases, and the recency in beats of it.

    The mean gap needs no gap: it is the span by the purchases after the first. What
    needs each gap (their deviation) would need every customer's events in order again
    at every date, since a late row splits a gap that was already known.
    """
    mean = ratio(_.last_day - _.first_day, _.purchases - 1)
    return [
        Definition(
            "gap_mean_days",
            mean,
            "Mean days between purchases",
            unit="days",
            nullable=True,
            min=0,
            topic="purchases",
        ),
        Definition(
            "recency_per_gap",
            # Below a day the mean gap says nothing, and the ratio would explode.
            ratio(_.observed_day - _.last_day, ibis.ifelse(mean < 1, 1.0, mean)),
            "Days since the last purchase, in mean gaps between purchases",
            nullable=True,
            min=0,
            topic="recency",
        ),
    ]


def _count_definitions(parameters: FeatureEngineering) -> list[Definition]:
    """Return purchases per window and their trends."""
    counts = [
        Definition(
            f"purchases_{days}d",
            _[f"purchases_{days}"],
            f"Purchases in the last {days} days",
            unit="purchases",
            min=0,
        )
        for days in parameters.windows_days
    ]
    trends = _trends("purchases", "purchase", parameters)
    return about("purchases", [*counts, *trends])


def _amount_definitions(
    parameters: FeatureEngineering, currency: str
) -> list[Definition]:
    """Return amounts per window, their trends, means and deviation."""
    unit = parameters.amount_resolution
    sums = [
        Definition(
            f"amount_{days}d",
            _[f"amount_{days}"] * unit,
            f"Amount spent in the last {days} days",
            unit=currency,
        )
        for days in parameters.windows_days
    ]
    monetary = Definition(
        "monetary",
        ratio(_.amount, _.purchases) * unit,
        "Mean amount of a purchase so far",
        unit=currency,
        nullable=True,
    )
    trends = _trends("amount", "amount", parameters)
    spread = _spread_definitions(parameters, currency)
    return about("amount", [*sums, *trends, monetary, *spread])


def _spread_definitions(
    parameters: FeatureEngineering, currency: str
) -> list[Definition]:
    """Return the mean and deviation of the amounts of the longest window."""
    unit, longest = parameters.amount_resolution, parameters.longest_days
    count, total = _[f"purchases_{longest}"], _[f"amount_{longest}"]
    squares = _[f"square_units_{longest}"] * SQUARE_UNIT + _[f"square_rest_{longest}"]
    variance = ratio(squares, count) - ratio(total, count).pow(2)
    return [
        Definition(
            f"amount_mean_{longest}d",
            ratio(total, count) * unit,
            f"Mean amount of a purchase in the last {longest} days",
            unit=currency,
            nullable=True,
        ),
        Definition(
            f"amount_std_{longest}d",
            root(variance) * unit,
            f"Standard deviation of the amounts of the last {longest} days",
            unit=currency,
            nullable=True,
            min=0,
        ),
    ]


def _trends(column: str, word: str, parameters: FeatureEngineering) -> list[Definition]:
    """Return the daily rate of each shorter window by that of the longest."""
    longest = parameters.longest_days
    return [
        Definition(
            f"{word}_trend_{days}d",
            ratio(_[f"{column}_{days}"], _[f"{column}_{longest}"]) * (longest / days),
            f"Daily {word} rate of the last {days} days by that of {longest} days",
            nullable=True,
        )
        for days in parameters.windows_days[:-1]
    ]


def _kind_definitions(parameters: FeatureEngineering) -> list[Definition]:
    """Return counts of each further kind of event per window."""
    return [
        Definition(
            f"{_name(kind)}_{days}d",
            _[f"kind_{index}_{days}"],
            f"Number of events “{kind.replace('_', ' ')}” in the last {days} days",
            unit="events",
            min=0,
            topic=_name(kind),
        )
        for index, kind in enumerate(parameters.counted_kinds)
        for days in parameters.windows_days
    ]


def _cancellation_definitions(parameters: FeatureEngineering) -> list[Definition]:
    """Return how much is cancelled in the longest window."""
    days = parameters.longest_days
    cancelled, bought = _[f"cancellations_{days}"], _[f"purchases_{days}"]
    found = [
        Definition(
            f"cancellations_{days}d",
            cancelled,
            f"Cancelled purchases in the last {days} days",
            unit="purchases",
            min=0,
        ),
        Definition(
            f"cancellation_share_{days}d",
            ratio(cancelled, cancelled + bought),
            f"Share of the last {days} days' purchases that were cancelled",
            nullable=True,
            min=0,
            max=1,
        ),
    ]
    return about("cancellations", found)


def _name(kind: str) -> str:
    """Return a kind of event as a part of a column name."""
    return re.sub(r"[^a-z0-9]+", "_", kind.lower()).strip("_")
