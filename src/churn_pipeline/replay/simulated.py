"""A history of the simulated company, with what the replay plants in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from churn_pipeline.dataset import ContractEndLabel
from churn_pipeline.features.build import Tables
from churn_pipeline.features.observation import Calendar, calendar
from churn_pipeline.replay.params import Fault
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.tables import dated, typed_tables, world_of
from churn_pipeline.replay.world import KEYS, TRUTH, World, Wrong
from churn_pipeline.simulation.calendar import EPOCH, Months
from churn_pipeline.simulation.company import simulate_chunks
from churn_pipeline.simulation.params import Simulation
from churn_pipeline.validation.fields import TABLES

if TYPE_CHECKING:
    import pandas as pd

AFTER = 3
"""Months after the last one replayed, in which its labels become known."""


def simulate_world(settings: Settings) -> World:
    """Return the months of a simulated company.

    Raises:
        ValueError: The data set's label is not that of the simulated company.
    """
    label = settings.dataset.label
    if not isinstance(label, ContractEndLabel):
        raise ValueError(
            "expected the label rule contract_end for the simulated company, got "
            f"{label.rule}; take {settings.dataset.name} out of "
            "`replay.planted.companies`: its own history is replayed then"
        )
    planned = company_of(settings)
    (chunk,) = simulate_chunks(planned, label, seed=settings.seed)
    raw = {name: getattr(chunk, name) for name in TABLES}
    months = Months.make(planned.start, planned.months)
    end = dt.date.fromordinal(EPOCH.toordinal() + int(months.firsts[planned.months]))
    tables, rejected = typed_tables(raw, settings.dataset, today=end)
    dates = calendar(tables, settings.dataset, settings.feature_engineering)
    dates = replace(dates, dates=tuple(d for d in dates.dates if d.day == 1))
    world = world_of(tables, settings, dates)
    steps = dates.dates[-AFTER - _steps(settings) : -AFTER]
    planted = settings.replay.planted
    faults = planted.faults if planted else ()
    return replace(
        world,
        rows=_with_truth(world.rows, chunk.truth.to_pandas()),
        steps=steps,
        rejected=rejected,
        wrong=tuple(
            _wrong(fault, tables, settings, dates)
            for fault in faults
            if any(fault.start <= date < fault.mended for date in dates.dates)
        ),
    )


def company_of(settings: Settings) -> Simulation:
    """Return the company with what is planted, in one chunk."""
    planted, known = settings.replay.planted, settings.simulate
    if planted is None or known is None:
        raise ValueError(
            "expected `replay.planted` and `simulate` for a simulated history, got "
            "none; state them, or replay another data set with --env"
        )
    customers = settings.replay.customers
    return known.model_copy(
        update={
            "customers": customers,
            "chunk_customers": customers,
            "months": planted.history_months + _steps(settings) + AFTER,
            "input_drifts": planted.input_drifts,
            "concept_changes": planted.concept_changes,
        }
    )


def _wrong(fault: Fault, tables: Tables, settings: Settings, dates: Calendar) -> Wrong:
    """Return the rows as they were seen while a fault lasted."""
    import ibis

    spoilt = [d for d in dates.dates if fault.start <= d < fault.mended]
    events = tables.transactions
    is_wrong = events.event_time >= ibis.timestamp(str(fault.start))
    amount = ibis.ifelse(is_wrong, events.amount * fault.factor, events.amount)
    seen = tables._replace(transactions=events.mutate(amount=amount))
    during = replace(dates, dates=tuple(spoilt), as_of=fault.mended)
    rows = world_of(seen, settings, during).rows
    return Wrong(until=fault.mended, rows=rows)


def _with_truth(rows: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their true churn probability."""
    known = dated(truth).rename(columns={"churn_probability": TRUTH})
    return rows.merge(known, on=KEYS, how="left", validate="one_to_one")


def _steps(settings: Settings) -> int:
    """Return how many months are replayed."""
    return settings.replay.steps or 24
