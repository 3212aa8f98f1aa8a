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

from churn_pipeline.dataset import Transactions
from churn_pipeline.features.timeline import Timeline, days_since_epoch

CELL = ("customer_id", "cell", "known")
LIFE = ("customer_id", "known")


def typed_events(
    transactions: ibis.Table, table: Transactions, amount_resolution: float
) -> ibis.Table:
    """Return one row an event with what the features are made of.

    Args:
        transactions: Typed events with canonical column names.
        table: Which kinds are activity.
        amount_resolution: Amounts become whole multiples of it.

    Returns:
        `customer_id`, `order_id`, `kind`, `day` and `known_day` (int32, days since
        1970-01-01), `active` and `cancelled` (0 or 1), `amount` (whole number as
        float64: sums below 2^53 are then exact, in whatever order they are added).
    """
    return transactions.select(**_columns(transactions, table, amount_resolution))


def typed_purchases(
    transactions: ibis.Table, table: Transactions, amount_resolution: float
) -> ibis.Table:
    """Return the events that are activity, without `kind` and `cancelled`.

    Not made from `typed_events`: DuckDB keeps a query that two others read in memory,
    whole, where it is as quick to read the file twice.
    """
    columns = _columns(transactions, table, amount_resolution)
    del columns["kind"], columns["cancelled"]
    return transactions.select(**columns).filter(_.active == 1)


def _columns(
    transactions: ibis.Table, table: Transactions, amount_resolution: float
) -> dict[str, ibis.Value]:
    """Return the columns of `typed_events` by name."""
    role = _roles(transactions)
    day = days_since_epoch(role["event_time"])
    known_day = days_since_epoch(role["known_at"]).fill_null(day)
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
        events: From `typed_events` or `typed_purchases`.
        timeline: Observation dates and cells.
        merge_orders: Whether rows of one `order_id` are one purchase. Rows of an
            order that become known later add their amount then, and no purchase.

    Returns:
        The events known by the last date, with `cell`, `seen` (first date not before
        the event), `known` (first date at which it was known) and `orders` (1, or 0
        for a later part of an order).
    """
    days = timeline.days()
    known_on = days.select(clipped_known="day", known="seen")
    placed_on = days.select(clipped="day", cell="cell", seen="seen")
    events = events.mutate(clipped_known=timeline.clip_day(_.known_day))
    events = events.join(known_on, "clipped_known")
    events = _merged(events) if merge_orders else events.mutate(orders=1.0)
    return events.mutate(clipped=timeline.clip_day(_.day)).join(placed_on, "clipped")


def _merged(events: ibis.Table) -> ibis.Table:
    """Return one row an order and date on which a part of it became known."""
    sums = {"day", "known_day", "clipped_known", "known", "amount"}
    order = [name for name in events.columns if name not in sums]
    parts = events.group_by([*order, "known"]).aggregate(
        day=_.day.min(), amount=_.amount.sum()
    )
    in_order = ibis.window(group_by=order, order_by="known")
    first = ibis.row_number().over(in_order) == 0
    return parts.mutate(orders=first.cast("float64"))


def cell_sums(
    events: ibis.Table, timeline: Timeline, kinds: Sequence[str]
) -> ibis.Table:
    """Return sums per customer, cell and date of knowing.

    Args:
        events: From `placed_events`.
        timeline: Observation dates and cells; events before all windows are left out.
        kinds: Kinds of event counted apart; columns `kind_0`, `kind_1`, ...

    Returns:
        `customer_id`, `cell`, `known`, `purchases`, `amount`, `amount_squares`,
        `cancellations` and one count a kind, all float64.
    """
    spent = _.amount * _.active
    counts = {
        f"kind_{index}": (_.kind == kind).cast("float64").sum()
        for index, kind in enumerate(kinds)
    }
    recent = events.filter(_.day > timeline.edges[0])
    return recent.group_by(CELL).aggregate(
        purchases=(_.active * _.orders).sum(),
        amount=spent.sum(),
        amount_squares=(spent * spent).sum(),
        cancellations=(_.cancelled * _.orders).sum(),
        **counts,
    )


def purchase_sums(events: ibis.Table) -> ibis.Table:
    """Return purchases and the days between them, per customer and date of knowing.

    A late row would split a gap that was already known, which rewrites the past: gaps
    are those between purchases known at the first observation date after them.

    Args:
        events: From `placed_events` of `typed_purchases`.

    Returns:
        `customer_id`, `known`, `purchases`, `amount`, `first_day`, `last_day`, `gaps`
        (count), `gap_days` and `gap_squares`.
    """
    prompt = (_.orders == 1) & (_.known == _.seen)
    bought = events.mutate(prompt=prompt)
    in_order = ibis.window(group_by=["customer_id", "prompt"], order_by="day")
    gap = (_.day - _.day.lag().over(in_order)).cast("float64")
    columns = ["customer_id", "known", "day", "orders", "amount"]
    gaps = bought.select(*columns, gap=ibis.ifelse(_.prompt, gap, None))
    return gaps.group_by(LIFE).aggregate(
        purchases=_.orders.sum(),
        amount=_.amount.sum(),
        first_day=_.day.min(),
        last_day=_.day.max(),
        gaps=_.gap.count().cast("float64"),
        gap_days=_.gap.sum(),
        gap_squares=(_.gap * _.gap).sum(),
    )
