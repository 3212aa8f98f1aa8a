"""Features of contracts: what is left of the term, its length, renewals, the plan."""

from __future__ import annotations

import ibis
from ibis import _

from churn_pipeline.features.columns import OwnColumns
from churn_pipeline.features.definition import Definition, about
from churn_pipeline.features.timeline import Timeline, days_since_epoch

OBSERVED = ("customer_id", "observed")
NO_COLUMNS = OwnColumns("contracts", {})


def typed_terms(contracts: ibis.Table, own: OwnColumns = NO_COLUMNS) -> ibis.Table:
    """Return the contract terms with their days as numbers.

    Args:
        contracts: Typed contracts with canonical column names.
        own: Declared columns to keep, under their inner names.

    Returns:
        `customer_id`, `start_day`, `end_day` (the day on which the term ends by its
        date), `cancelled_day` (null: not cancelled), `known_day` and the columns.
    """
    start_day = days_since_epoch(contracts.start_date)
    known = contracts.known_at if "known_at" in contracts.columns else None
    cancelled = contracts.cancelled_at if "cancelled_at" in contracts.columns else None
    return contracts.select(
        "customer_id",
        start_day=start_day,
        end_day=days_since_epoch(contracts.end_date),
        cancelled_day=ibis.null("int32")
        if cancelled is None
        else days_since_epoch(cancelled),
        known_day=start_day
        if known is None
        else days_since_epoch(known).fill_null(start_day),
        **own.of(contracts),
    )


def ended_day() -> ibis.Deferred:
    """Return the day on which a typed term ends: by its date or when cancelled."""
    return ibis.least(_.end_day, _.cancelled_day.fill_null(_.end_day))


def known_terms(
    contracts: ibis.Table, timeline: Timeline, own: OwnColumns = NO_COLUMNS
) -> ibis.Table:
    """Return the terms that had begun and were known at each date.

    Args:
        contracts: Typed contracts with canonical column names.
        timeline: Observation dates.
        own: Declared columns to keep.

    Returns:
        One row a term and date, with `observed`, `observed_day` and `running` (0 or
        1): neither ended nor cancelled by the end of the date.
    """
    terms = typed_terms(contracts, own)
    dates = timeline.observations()
    known = terms.join(
        dates,
        [
            terms.start_day <= dates.observed_day,
            terms.known_day <= dates.observed_day,
        ],
    )
    cancelled = (_.cancelled_day <= _.observed_day).fill_null(False)
    return known.mutate(
        running=((_.end_day > _.observed_day) & ~cancelled).cast("int32")
    )


def contract_state(
    contracts: ibis.Table, timeline: Timeline, own: OwnColumns
) -> ibis.Table:
    """Return one row a customer and date with at least one term known so far.

    Args:
        contracts: Typed contracts with canonical column names.
        timeline: Observation dates.
        own: Declared columns, whose value in the running term is kept.

    Returns:
        `customer_id`, `observed`, `has_contract`, `terms`, `first_start_day`,
        `last_ended_day` (of the terms that no longer run), and of the running term
        (null without one) `term_start_day`, `term_end_day` and the declared columns.
    """
    # The latest of two running terms, the longer of two that began together.
    rank = _.start_day.cast("int64") * 100_000 + _.end_day
    running = _.running == 1
    return (
        known_terms(contracts, timeline, own)
        .mutate(rank=rank)
        .group_by(OBSERVED)
        .aggregate(
            has_contract=_.running.max(),
            terms=_.start_day.count(),
            first_start_day=_.start_day.min(),
            last_ended_day=ended_day().max(where=_.running == 0),
            term_start_day=_.start_day.argmax(_["rank"], where=running),
            term_end_day=_.end_day.argmax(_["rank"], where=running),
            **{
                name: _[name].argmax(_["rank"], where=running)
                for name in map(own.inner, own.needed)
            },
        )
    )


def contract_definitions() -> list[Definition]:
    """Return the features of contracts, over the columns of `contract_state`."""
    has_contract = Definition(
        "has_contract",
        _.has_contract.fill_null(0),
        "Contract running (1) or not (0)",
        min=0,
        max=1,
    )
    return about(
        "contract", [has_contract, *_term_definitions(), *_history_definitions()]
    )


def _term_definitions() -> list[Definition]:
    """Return what is left of the running term, its length and age."""
    return [
        Definition(
            "term_left_days",
            _.term_end_day - _.observed_day,
            "Days left of the running term",
            unit="days",
            nullable=True,
            min=0,
        ),
        Definition(
            "term_length_days",
            _.term_end_day - _.term_start_day,
            "Length of the running term",
            unit="days",
            nullable=True,
            min=0,
        ),
        Definition(
            "term_age_days",
            _.observed_day - _.term_start_day,
            "Days since the running term began",
            unit="days",
            nullable=True,
            min=0,
        ),
    ]


def _history_definitions() -> list[Definition]:
    """Return how long, and over how many terms, there have been contracts."""
    return [
        Definition(
            "contract_age_days",
            _.observed_day - _.first_start_day,
            "Days since the first contract began",
            unit="days",
            nullable=True,
            min=0,
        ),
        Definition(
            "contract_terms",
            _.terms.fill_null(0),
            "Contract terms so far; each but the first is a renewal or a return",
            unit="terms",
            min=0,
        ),
    ]
