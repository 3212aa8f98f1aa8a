"""From typed transactions to sums per customer and cell of the time line.

Every event is read once. It carries two clocks: the cell of the day on which it
happened, and `known`, the index of the first observation date at which the company
knew of it. Sums are kept apart by both, so that a late row enters exactly the windows
of the dates at which it was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
from ibis import _
from ibis.common.deferred import Deferred

from churn_pipeline.features.timeline import Timeline
from churn_pipeline.tables import Transactions

CELL = ("customer_id", "cell", "known")
SQUARE_UNIT = 2.0**40
"""Squares are summed in two parts, whole multiples of this and the rest. Each sum is
exact, and so the same in whatever order an engine adds, up to 8,192 purchases of 2^40
times `amount_resolution` (11 thousand million at 0.01); one sum of squares would be
exact up to a single amount of 2^26 times it."""


def typed_events(
    transactions: ibis.Table, table: Transactions, amount_resolution: float
) -> ibis.Table:
    """Return one row an event with what the features are made of.

    Args:
        transactions: Typed events with canonical column names.
        table: Which kinds are activity.
        amount_resolution: Amounts become whole multiples of it.

    Returns:
        `customer_id`, `order_id`, `kind`, `day` and `known_day` (date), `active` and
        `cancelled` (0 or 1), `amount` (whole number as float64: sums below 2^53 are
        then exact, in whatever order they are added).
    """
    return transactions.select(**_columns(transactions, table, amount_resolution))


def typed_purchases(
    transactions: ibis.Table, table: Transactions, amount_resolution: float
) -> ibis.Table:
    """Return the events that are activity, without `kind` and `cancelled`."""
    columns = _columns(transactions, table, amount_resolution)
    del columns["kind"], columns["cancelled"]
    return transactions.select(**columns).filter(_.active == 1)


def _columns(
    transactions: ibis.Table, table: Transactions, amount_resolution: float
) -> dict[str, ibis.Value]:
    """Return the columns of `typed_events` by name."""
    role = _roles(transactions)
    day = role["event_time"].cast("date")
    known_day = role["known_at"].cast("date").fill_null(day)
    is_activity = _is_activity(role["kind"], table)
    is_cancelled = role["is_cancelled"].fill_null(False)
    amount = role["amount"].cast("float64").fill_null(0.0) / amount_resolution
    return {
        "customer_id": role["customer_id"],
        "order_id": role["order_id"],
        "kind": role["kind"],
        "day": day,
        "known_day": ibis.greatest(known_day, day),
        "active": (is_activity & ~is_cancelled).cast("float64"),
        "cancelled": (is_activity & is_cancelled).cast("float64"),
        "amount": amount.round(0).cast("float64"),
    }


def _roles(transactions: ibis.Table) -> Mapping[str, ibis.Value]:
    """Return the columns by role, with what stands for those the table lacks."""
    absent: dict[str, ibis.Value] = {
        "known_at": transactions.event_time,
        "order_id": ibis.null("string"),
        "amount": ibis.literal(1.0),
        "kind": ibis.literal(""),
        "is_cancelled": ibis.literal(False),
    }
    present = {name: transactions[name] for name in transactions.columns}
    return absent | present


def has_orders(table: Transactions) -> bool:
    """Return whether several rows may be one purchase."""
    return table.order_id is not None and table.unique != (table.order_id,)


def _is_activity(kind: ibis.Value, table: Transactions) -> ibis.Value:
    """Return whether an event is activity; every event is where no kinds are named."""
    if table.kind is None or table.activity_kinds is None:
        return ibis.literal(True)
    return kind.isin(table.activity_kinds).fill_null(False)


def placed_events(
    events: ibis.Table, timeline: Timeline, *, merge_orders: bool
) -> ibis.Table:
    """Return the events with their place on the time line.

    Args:
        events: From `typed_events`.
        timeline: Observation dates and cells.
        merge_orders: Whether rows of one `order_id` and day are one purchase. Rows of
            an order that become known later add their amount then, and no purchase.

    Returns:
        The events known by the last date, with `cell`, `known` (first date at which
        it was known), `orders` (1, or 0 for a later part of an order) and the parts
        of the amount's square, `square_units` and `square_rest`.
    """
    days = timeline.days()
    known_on = days.select(clipped_known="day", known="seen")
    placed_on = days.select(clipped="day", cell="cell")
    events = events.mutate(clipped_known=timeline.clip_day(_.known_day))
    events = events.join(known_on, "clipped_known")
    if merge_orders:
        events = _merged(events)
    else:
        events = events.mutate(orders=1.0, **_square(_.amount))
    return events.mutate(clipped=timeline.clip_day(_.day)).join(placed_on, "clipped")


def _merged(events: ibis.Table) -> ibis.Table:
    """Return one row an order, day and date on which a part of it became known.

    Its squares are what the part adds to the square of the order's amount, so that
    their sum over the parts known at a date is that square, whatever other dates
    there are.
    """
    sums = {"known_day", "clipped_known", "known", "amount"}
    order = [name for name in events.columns if name not in sums]
    parts = events.group_by([*order, "known"]).aggregate(amount=_.amount.sum())
    in_order = ibis.window(group_by=order, order_by="known")
    so_far = ibis.cumulative_window(group_by=order, order_by="known")
    parts = parts.mutate(
        orders=(ibis.row_number().over(in_order) == 0).cast("float64"),
        known_amount=_.amount.sum().over(so_far),
    )
    before = _square(_.known_amount - _.amount)
    added = {
        name: square - before[name] for name, square in _square(_.known_amount).items()
    }
    return parts.mutate(**added)


def _square(amount: Deferred) -> dict[str, Deferred]:
    """Return the square of a whole number as units of `SQUARE_UNIT` and the rest."""
    square = amount * amount
    units = (square / SQUARE_UNIT).floor().cast("float64")
    return {"square_units": units, "square_rest": square - units * SQUARE_UNIT}


def cell_sums(events: ibis.Table, kinds: Sequence[str]) -> ibis.Table:
    """Return sums per customer, cell and date of knowing.

    Args:
        events: From `placed_events`.
        kinds: Kinds of event counted apart; columns `kind_0`, `kind_1`, ...

    Returns:
        `customer_id`, `cell`, `known`, `purchases`, `amount`, `square_units`,
        `square_rest`, `cancellations` and one count a kind, all float64; `first_day`
        and `last_day` of a purchase (date, null where there is none).
    """
    counts = {
        f"kind_{index}": ((_.kind == kind).cast("float64") * _.orders).sum()
        for index, kind in enumerate(kinds)
    }
    bought_on = ibis.ifelse(_.active == 1, _.day, None)
    return events.group_by(CELL).aggregate(
        purchases=(_.active * _.orders).sum(),
        amount=(_.amount * _.active).sum(),
        square_units=(_.square_units * _.active).sum(),
        square_rest=(_.square_rest * _.active).sum(),
        cancellations=(_.cancelled * _.orders).sum(),
        first_day=bought_on.min(),
        last_day=bought_on.max(),
        **counts,
    )
