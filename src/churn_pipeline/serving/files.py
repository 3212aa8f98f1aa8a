"""Score a file of raw rows: checked and turned into features as the pipeline does.

The rows stay in DuckDB, which keeps to its memory limit; they leave it in batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from churn_pipeline.dataset import Dataset, InactivityLabel, Table
from churn_pipeline.features.build import Tables, event_features, snapshot_features
from churn_pipeline.features.observation import Calendar, calendar
from churn_pipeline.release.expected import require_features
from churn_pipeline.serving.decide import decide
from churn_pipeline.validation.columns import check_columns, raw_columns
from churn_pipeline.validation.fields import table_of
from churn_pipeline.validation.rows import accepted, check_rows, rejected
from churn_pipeline.validation.tables import customers_of_events
from churn_pipeline.validation.today import last_believed_day

if TYPE_CHECKING:
    import pyarrow as pa

    from churn_pipeline.features.params import FeatureEngineering
    from churn_pipeline.release.artifact import Artifact

BATCH_ROWS = 65_536
ROW = "_row"


class Checked(NamedTuple):
    """A raw file, each row with the reasons against it, and its counts.

    Attributes:
        table: The rows.
        rows: How many there are.
        rejected: Rows that are not valid.
        anonymous: Of these, those without a customer where that is normal.
    """

    table: ir.Table
    rows: int
    rejected: int
    anonymous: int

    @property
    def bad_share(self) -> float:
        """Share of invalid rows among those that should be valid, 0 to 1."""
        held = self.rejected - self.anonymous
        return held / max(self.rows - self.anonymous, 1)


@dataclass(frozen=True)
class ToScore:
    """Customers to score, lazily.

    Attributes:
        features: `customer_id`, the features and `_row`, by which they are ordered.
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
    checked = _kept(check_rows(raw, table, unlabelled, today=last, learns=learns))
    nobody = checked["_reasons"].contains(f"{table.customer_id}: missing")
    counts = checked.aggregate(
        rows=checked.count(),
        bad=(checked["_reasons"].length() > 0).sum(),
        nobody=nobody.sum(),
    ).to_pyarrow()
    (row,) = counts.to_pylist()
    anonymous = row["nobody"] or 0 if table.allow_anonymous else 0
    return Checked(checked, row["rows"], row["bad"] or 0, anonymous)


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
    """Return the bad rows in order: number, reasons, and the cells as they came."""
    return rejected(checked.table, _name(dataset)).drop("table").order_by("row")


def snapshot_to_score(checked: Checked, raw: ir.Table, dataset: Dataset) -> ToScore:
    """Return the customers of a snapshot in the order of the file."""
    good = accepted(checked.table.mutate(_number=checked.table[ROW]))
    # The number rides on the id through the features, which keep no other column.
    paired = ibis.struct({"row": good["_number"], "id": good["customer_id"]})
    numbered = good.mutate(customer_id=paired).drop("_number")
    features = snapshot_features(numbered, dataset).table
    pair = features["customer_id"]
    id_name = _scored_table(dataset).customer_id
    identity = pair["id"]
    if id_name is not None and raw[id_name].type().is_integer():
        identity = identity.cast(raw[id_name].type())
    ordered = features.mutate(**{ROW: pair["row"], "customer_id": identity})
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
    dates = _calendar(events, dataset, parameters)
    people = customers_of_events(events) if customers is None else customers
    tables = Tables(people, events, contracts)
    every = event_features(tables, dataset, parameters, dates).table
    newest = every.filter(every["observation_date"] == ibis.date(dates.dates[-1]))
    features = _kept(newest)
    ordered = features.mutate(**{ROW: features["customer_id"]})
    id_name = _scored_table(dataset).customer_id
    return ToScore(ordered, features.count().to_pyarrow().as_py(), str(id_name))


def _calendar(
    events: ir.Table, dataset: Dataset, parameters: FeatureEngineering
) -> Calendar:
    """Return the observation dates; the newest day alone where history is short.

    The earlier dates are not scored. They are there because what a late event does
    to the gaps between purchases depends on the dates at which it became known: a
    customer is to get the features that the pipeline makes.
    """
    try:
        return calendar(events, dataset, parameters)
    except ValueError:
        # Too short to label a date; scoring needs no label.
        newest = events.aggregate(day=events["event_time"].max().cast("date"))
        day = newest.to_pyarrow().to_pylist()[0]["day"]
        if day is None:
            raise
        return Calendar((day,), day, lead_days=0, horizon_days=1)


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


def score_batches(to_score: ToScore, artifact: Artifact) -> Iterator[pa.RecordBatch]:
    """Yield the customers' ids, churn probabilities and decisions, in order.

    Args:
        to_score: The customers.
        artifact: The champion.

    Yields:
        The id under its own name, `churn_probability` (float64, [0, 1]) and
        `decision` (`call` or `no_call`).

    Raises:
        ValueError: A feature of the champion is not made any more.
    """
    import pyarrow as pa

    names = require_features(artifact.manifest, to_score.features.columns)
    ordered = to_score.features.order_by(ROW).select("customer_id", *names)
    for batch in ordered.to_pyarrow_batches(chunk_size=BATCH_ROWS):
        table: Any = pa.Table.from_batches([batch])
        probability = artifact.predict(table)
        decision = decide(probability, artifact.manifest.threshold)
        yield pa.RecordBatch.from_arrays(
            [batch.column(0), pa.array(probability), pa.array(decision, pa.string())],
            names=[to_score.id_name, "churn_probability", "decision"],
        )
