"""A file of raw rows to score: checked and turned into features as the pipeline does.

The rows stay in DuckDB, which keeps to its memory limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from churn_pipeline.dataset import Dataset, InactivityLabel
from churn_pipeline.features.build import Tables, event_features, snapshot_features
from churn_pipeline.features.observation import Calendar, span
from churn_pipeline.tables import Table
from churn_pipeline.validation.cells import text_of
from churn_pipeline.validation.columns import (
    check_columns,
    raw_columns,
    with_row_numbers,
)
from churn_pipeline.validation.fields import table_of
from churn_pipeline.validation.rows import accepted, check_rows, rejected
from churn_pipeline.validation.tables import customers_of_events
from churn_pipeline.validation.today import last_believed_day

if TYPE_CHECKING:
    from churn_pipeline.features.params import FeatureEngineering
    from churn_pipeline.release.artifact import Artifact

ROW, LEFT = "_row", "_left"


class Checked(NamedTuple):
    """A raw file, each row with the reasons against it, and its counts.

    Attributes:
        table: The rows, with `_left` (the label, where the file gives one, says that
            the customer has left) and `_nobody` (no customer, where that is normal).
        rows: How many there are.
        rejected: Rows that are not valid and should be.
        anonymous: Rows without a customer, where that is normal; not scored either.
    """

    table: ir.Table
    rows: int
    rejected: int
    anonymous: int

    @property
    def bad_share(self) -> float:
        """Share of invalid rows among those that should be valid, 0 to 1."""
        return self.rejected / max(self.rows - self.anonymous, 1)


@dataclass(frozen=True)
class ToScore:
    """Customers to score, lazily.

    Attributes:
        features: `customer_id`, the features, `_row`, by which they are ordered, and
            `_left`, whether a label says that the customer has left.
        customers: How many there are.
        id_name: Name of the id column in the file.
    """

    features: ir.Table
    customers: int
    id_name: str


def check_file(raw: ir.Table, dataset: Dataset, *, today: str) -> Checked:
    """Return the rows of a file with the reasons against them; no label is needed.

    A snapshot's rows are judged as requests are: an unknown category and a missing
    value are answered. Of events, those count that counted when the model learnt.

    Args:
        raw: Rows of a snapshot, or of an event log, as they came.
        dataset: What the columns mean; others are ignored.
        today: ISO date; events dated later have not happened and are rejected.

    Raises:
        DataValidationError: A declared column is missing.
    """
    table, unlabelled = _scored_table(dataset), _without_label(dataset)
    check_columns("INPUT", raw_columns(raw), table)
    last, learns = last_believed_day(today), dataset.shape == "events"
    raw = with_row_numbers(raw)
    rows = check_rows(raw, table, unlabelled, today=last, learns=learns)
    nobody = rows["_reasons"].contains(f"{table.customer_id}: missing")
    nobody &= table.allow_anonymous
    checked = _kept(_with_left(rows.mutate(_nobody=nobody), raw, dataset))
    bad = (checked["_reasons"].length() > 0) & ~checked["_nobody"]
    counts = checked.aggregate(
        rows=checked.count(), bad=bad.sum(), nobody=checked["_nobody"].sum()
    ).to_pyarrow()
    (row,) = counts.to_pylist()
    return Checked(checked, row["rows"], row["bad"] or 0, row["nobody"] or 0)


def _with_left(rows: ir.Table, raw: ir.Table, dataset: Dataset) -> ir.Table:
    """Return the rows with what their label says, where there is one: `_left`."""
    label = dataset.label
    if label.rule != "column" or label.column not in raw.columns:
        return rows.mutate(**{LEFT: ibis.literal(False)})
    is_positive = text_of(raw[label.column]).lower() == label.positive.lower()
    labels = raw.select(ROW, **{LEFT: is_positive.fill_null(False)})
    return rows.left_join(labels, ROW).drop(f"{ROW}_right")


def _kept(table: ir.Table) -> ir.Table:
    """Return a table computed once, in a temporary table of its connection."""
    name = gen_name("scored")
    kept = table.get_backend().create_table(name, table, temp=True)
    return cast("ir.Table", kept)


def _scored_table(dataset: Dataset) -> Table:
    """Return what the file is: the snapshot, or the event log."""
    table = table_of(dataset, _name(dataset))
    assert table is not None  # noqa: S101 - the data set's own invariant
    return table


def _name(dataset: Dataset) -> str:
    return "customers" if dataset.shape == "snapshot" else "transactions"


def _without_label(dataset: Dataset) -> Dataset:
    """Return the data set as validation sees it where no label is read.

    `model_copy` skips the check that a snapshot has a label column.
    """
    label = InactivityLabel(rule="inactivity", lead_time_days=0, horizon_days=1)
    return dataset.model_copy(update={"label": label})


def rejected_rows(checked: Checked, dataset: Dataset) -> ir.Table:
    """Return the bad rows in order: number, reasons, and the cells as they came.

    Rows without a customer are none of them where that is normal.
    """
    held = checked.table.filter(~checked.table["_nobody"])
    return rejected(held, _name(dataset)).drop("table").order_by("row")


def snapshot_to_score(checked: Checked, raw: ir.Table, dataset: Dataset) -> ToScore:
    """Return the customers of a snapshot in the order of the file."""
    good = accepted(checked.table.mutate(_number=checked.table[ROW]))
    # They ride on the id through the features, which keep no other column.
    packed = ibis.struct(
        {"row": good["_number"], "id": good["customer_id"], "left": good[LEFT]}
    )
    numbered = good.mutate(customer_id=packed).drop("_number", LEFT)
    features = snapshot_features(numbered, dataset).table
    riding = features["customer_id"]
    id_name = _scored_table(dataset).customer_id
    identity = riding["id"]
    if id_name is not None and raw[id_name].type().is_integer():
        identity = identity.cast(raw[id_name].type())
    ordered = features.mutate(
        **{ROW: riding["row"], LEFT: riding["left"], "customer_id": identity}
    )
    count = checked.rows - checked.rejected
    return ToScore(ordered, count, id_name or "row")


def events_to_score(
    checked: Checked,
    dataset: Dataset,
    parameters: FeatureEngineering,
    *,
    customers: ir.Table | None,
    contracts: ir.Table,
) -> ToScore:
    """Return the customers of an event log at its newest day, ordered by id.

    Args:
        checked: The event log.
        dataset: What the columns mean.
        parameters: Windows and population.
        customers: Typed customers; None where the log is all there is.
        contracts: Typed contract terms; empty where there are none.
    """
    events = accepted(checked.table)
    people = customers_of_events(events) if customers is None else customers
    tables = Tables(people, events, contracts)
    made = event_features(tables, dataset, parameters, _newest_day(events))
    features = _kept(made.table)
    ordered = features.mutate(
        **{ROW: features["customer_id"], LEFT: ibis.literal(False)}
    )
    id_name = _scored_table(dataset).customer_id
    return ToScore(ordered, features.count().to_pyarrow().as_py(), str(id_name))


def _newest_day(events: ir.Table) -> Calendar:
    """Return the newest day as the one date: the others' labels are not needed."""
    _first, newest = span(events)
    return Calendar((newest,), newest, lead_days=0, horizon_days=1)


def unknown_values(to_score: ToScore, artifact: Artifact) -> dict[str, int]:
    """Return how many values the model did not meet when it learnt, by feature.

    These are categories that it does not know, and missing values where a value is
    expected; features without any are left out.
    """
    counts: dict[str, ir.Value] = {}
    for feature in artifact.manifest.features:
        value = to_score.features[feature.name]
        unknown = value.isnull() & (not feature.nullable)
        if feature.type == "category":
            known = artifact.manifest.categories[feature.name]
            is_blank = value.isnull() | (value == "")
            unknown |= ~is_blank & ~value.isin(known)
        counts[feature.name] = unknown.sum()
    (found,) = to_score.features.aggregate(**counts).to_pyarrow().to_pylist()
    return {name: count for name, count in found.items() if count}
