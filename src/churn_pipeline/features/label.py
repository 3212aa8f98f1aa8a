"""Labels of events: who was idle, or whose contract ended, within the horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from churn_pipeline.dataset import Dataset
from churn_pipeline.features.contracts import ended_day, known_terms, typed_terms
from churn_pipeline.features.events import typed_purchases
from churn_pipeline.features.timeline import Timeline, day_number, horizon_timeline

if TYPE_CHECKING:
    from churn_pipeline.features.build import Tables
    from churn_pipeline.features.observation import Calendar
    from churn_pipeline.features.params import FeatureEngineering

KEYS = ("customer_id", "observation_date")
OBSERVED = ("customer_id", "observed")


def event_labels(
    features: ibis.Table,
    tables: Tables,
    dataset: Dataset,
    parameters: FeatureEngineering,
    calendar: Calendar,
) -> ibis.Table:
    """Return the rows of `customer_features` with their label.

    Labels know what was known at the end of `calendar.as_of`, no more.

    Args:
        features: `customer_features`.
        tables: Typed tables.
        dataset: Label rule.
        parameters: Grace of a renewal.
        calendar: Observation dates, lead time and horizon.

    Returns:
        The features with `label`, float64: 1 churned, 0 stayed, null where the
        horizon has not passed, with the grace of a renewal and the lag until rows are
        known after it, or the contract ended within the lead time (lost before
        anything could be done: neither).
    """
    timeline = horizon_timeline(
        calendar.dates, calendar.lead_days, calendar.horizon_days
    )
    dates = timeline.observations()
    # Joins carry every column along: the label is found beside the keys alone.
    rows = features.select(*KEYS).join(dates, "observation_date")
    transactions = dataset.tables.transactions
    assert transactions is not None  # noqa: S101 - the data set's own invariant
    events = typed_purchases(tables.transactions, transactions, 1.0)
    events = events.filter(_.known_day <= ibis.date(calendar.as_of))
    as_of = day_number(calendar.as_of)
    rows = _marked(rows, _active(events, timeline).mutate(came_back=1))
    label = ibis.ifelse(_.came_back.isnull(), 1.0, 0.0)
    if dataset.label.rule == "contract_end" and dataset.tables.contracts is not None:
        terms = tables.contracts
        lapses = _lapses(terms, as_of, parameters.renewal_grace_days)
        rows = _marked(rows, _running(terms, timeline))
        rows = _marked(rows, _first_lapse(lapses, timeline, calendar.until_days))
        ended = _contract_label(calendar.lead_days)
        label = ibis.ifelse(_.running.isnull(), label, ended)
    mature = _.observed_day + calendar.settled_days <= as_of
    label = ibis.ifelse(mature, label, ibis.null("float64"))
    return features.join(rows.select(*KEYS, label=label), KEYS)


def _marked(rows: ibis.Table, marks: ibis.Table) -> ibis.Table:
    """Return the rows with what is marked of a customer at a date, or null."""
    joined = rows.left_join(marks, OBSERVED)
    return joined.drop(*(f"{key}_right" for key in OBSERVED))


def _active(events: ibis.Table, timeline: Timeline) -> ibis.Table:
    """Return the customers with activity in the horizon of each date."""
    days = timeline.days().select("day", "cell")
    after = events.filter(_.day > timeline.first_edge).join(days, "day")
    cells = after.select("customer_id", "cell").distinct()
    return cells.join(timeline.cells(), "cell").select(*OBSERVED).distinct()


def _running(contracts: ibis.Table, timeline: Timeline) -> ibis.Table:
    """Return the customers who had a running contract at each date."""
    terms = known_terms(contracts, timeline).filter(_.running == 1)
    return terms.select(*OBSERVED).distinct().mutate(running=1)


def _lapses(contracts: ibis.Table, as_of: int, grace_days: int) -> ibis.Table:
    """Return the days on which a customer's last running term ended unrenewed.

    A term ends by its date or when it is cancelled. Its end is a lapse unless another
    term, of whatever start, runs on past it: terms may overlap.

    Args:
        contracts: Typed contracts.
        as_of: Day number; terms known later do not count.
        grace_days: A term that begins so many days after another's end renews it.

    Returns:
        `customer_id`, `lapsed_day`.
    """
    terms = typed_terms(contracts).filter(_.known_day <= as_of)
    terms = terms.mutate(lapsed_day=ended_day())
    # A term cancelled before its first day never ran: it renews and ends nothing.
    terms = terms.filter(_.lapsed_day > _.start_day)
    terms = terms.select("customer_id", "start_day", "lapsed_day")
    others = terms.view()
    carries_on = [
        terms.customer_id == others.customer_id,
        others.start_day <= terms.lapsed_day + grace_days,
        others.lapsed_day > terms.lapsed_day,
    ]
    lapses = terms.anti_join(others, carries_on)
    return lapses.select("customer_id", "lapsed_day")


def _first_lapse(lapses: ibis.Table, timeline: Timeline, until_days: int) -> ibis.Table:
    """Return the first lapse after each date, by the end of its horizon."""
    dates = timeline.observations()
    ahead = [
        lapses.lapsed_day > dates.observed_day,
        lapses.lapsed_day <= dates.observed_day + until_days,
    ]
    reached = lapses.join(dates, ahead)
    return reached.group_by(OBSERVED).aggregate(lapsed_day=_.lapsed_day.min())


def _contract_label(lead_days: int) -> ibis.Deferred:
    """Return the label of a customer with a running contract."""
    in_lead_time = _.lapsed_day <= _.observed_day + lead_days
    return ibis.cases(
        (_.lapsed_day.isnull(), 0.0),
        (in_lead_time, ibis.null("float64")),
        else_=1.0,
    )
