"""`kedro churn score`: churn probabilities for the customers of a file."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from churn_pipeline.cli import told
from churn_pipeline.cli.project import (
    credentials_option,
    env_option,
    named_credentials,
    project_folder,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from kedro.framework.context import KedroContext

    from churn_pipeline.dataset import Dataset
    from churn_pipeline.release.artifact import Artifact
    from churn_pipeline.serving.control_group import ControlGroup
    from churn_pipeline.serving.files import Checked, ToScore


class _Input(NamedTuple):
    """The file to score: a whole path or a URL, its sheet, the key of credentials."""

    location: str
    sheet: str | None
    credentials: str | None


@click.command()
@env_option
@click.option("--sheet", help="Excel: the sheet; needed where several hold rows.")
@credentials_option
@click.option(
    "--today", help="ISO date that counts as today; events after it are refused."
)
@click.option(
    "--date",
    "day",
    help="Snapshot: ISO date of its rows, to which features count days; else today.",
)
@click.option(
    "--reasons",
    type=click.IntRange(0, 10),
    default=0,
    help="Most reasons to tell of a customer to call; each costs milliseconds.",
)
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
def score(  # noqa: PLR0917
    env: str | None,
    sheet: str | None,
    credentials: str | None,
    today: str | None,
    day: str | None,
    reasons: int,
    source: str,
    target: str,
) -> None:
    """Score the customers of INPUT with the champion, into OUTPUT.

    INPUT is a CSV, TSV, Parquet or Excel file with the columns of the raw table: of a
    snapshot its customers, else the event log, at a path or a URL (s3://, https://).
    The label may be absent. OUTPUT (.csv, .tsv or .parquet, on this machine) gets the
    customer id, churn_probability, decision (call, no_call, or gone where the label
    or long inactivity says that the customer has left), expected_profit of a call,
    certainty: leaves, stays or not_sure, and kept_aside: in the control group of the
    newest list, not to be called; with --reasons also what raises the risk of
    those to call most. Rows that are not valid go to
    OUTPUT's name with .rejected.csv, each with the reasons. Both replace earlier files
    of their names, once all is scored.

    Example: kedro churn score --env telco new_customers.csv scores.csv
    """
    from kedro.io import DatasetError

    project = project_folder()
    try:
        file = _Input(_whole(source) or source, sheet, credentials)
        output = _output(target)
        # The configuration names its files as seen from the project's folder.
        with contextlib.chdir(project):
            _score(env, file, output, today=today, day=day, reasons=reasons)
    except (ValueError, DatasetError) as error:
        raise click.ClickException(str(error)) from error


def _whole(location: str) -> str | None:
    """Return the whole path of a file on this machine; None of a URL."""
    from churn_pipeline.io.remote import local_path

    path = local_path(location)
    return None if path is None else str(Path(path).absolute())


def _output(target: str) -> Path:
    """Return where to write.

    Raises:
        ValueError: It is not on this machine.
    """
    from churn_pipeline.io.remote_errors import shown

    path = _whole(target)
    if path is None:
        raise ValueError(
            f"expected OUTPUT to be a path on this machine, got {shown(target)}; write "
            "to a path, then copy the file there"
        )
    return Path(path)


def _score(
    env: str | None,
    source: _Input,
    target: Path,
    *,
    today: str | None,
    day: str | None,
    reasons: int,
) -> None:
    """Score a file and say what was written."""
    from churn_pipeline.serving.day import at_day
    from churn_pipeline.serving.files import check_file
    from churn_pipeline.serving.writing import check_suffix

    check_suffix(target)
    refused = target.with_name(f"{target.stem}.rejected.csv")
    _check_apart(source.location, target, refused)
    context = _context(env, today)
    champion = context.catalog.load("champion")
    settled = context.config_loader["parameters"]["today"]
    dataset = at_day(_dataset(context), day, today=settled)
    raw = _raw(context, source)
    checked = check_file(raw, dataset, today=settled)
    to_score = _to_score(context, checked, raw, dataset)
    control = _control(dataset)
    counts = _write(to_score, champion, target, control=control, reasons=reasons)
    _write_rejected(checked, dataset, refused)
    told.scored(counts, champion, target)
    told.date(dataset, day)
    told.unknown(to_score, champion)
    told.anonymous(checked)
    if checked.rejected:
        told.rejected(checked, refused, dataset.max_rejected_share)


def _context(env: str | None, today: str | None) -> KedroContext:
    """Return the project's context; without a day, `today` is as parameters say."""
    from kedro.framework.session import KedroSession

    asked = {"today": today} if today else None
    session = KedroSession.create(Path.cwd(), env=env, runtime_params=asked)
    return session.load_context()


def _dataset(context: KedroContext) -> Dataset:
    from churn_pipeline.dataset import Dataset

    return Dataset.model_validate(context.config_loader["parameters"]["dataset"])


def _raw(context: KedroContext, source: _Input) -> Any:
    """Return the file's rows, on the catalog's own DuckDB connection.

    Raises:
        ValueError: There is no such file.
    """
    from kedro.io import DatasetError

    from churn_pipeline.io.raw import RawTable
    from churn_pipeline.io.textfile import MissingFileError

    loader, key = context.config_loader, source.credentials
    table = RawTable(
        filepath=source.location,
        connection=dict(loader["globals"]["duckdb"]),
        sheet=source.sheet,
        credentials=named_credentials(loader, key) if key else None,
    )
    try:
        return table.load()
    except DatasetError as error:
        if isinstance(error.__cause__, MissingFileError):  # no catalog names INPUT
            raise ValueError(str(error.__cause__)) from error
        raise


def _to_score(
    context: KedroContext, checked: Checked, raw: Any, dataset: Dataset
) -> ToScore:
    """Return the customers to score: the file's, or those of its events."""
    from churn_pipeline.serving.files import events_to_score, snapshot_to_score

    if dataset.shape == "snapshot":
        return snapshot_to_score(checked, raw, dataset)
    from churn_pipeline.features.params import FeatureEngineering
    from churn_pipeline.validation.rows import accepted
    from churn_pipeline.validation.tables import empty_checked

    tables, catalog = dataset.tables, context.catalog
    none = accepted(empty_checked("contracts"))
    return events_to_score(
        checked,
        dataset,
        FeatureEngineering.model_validate(context.params["feature_engineering"]),
        customers=catalog.load("customers") if tables.customers else None,
        contracts=catalog.load("contracts") if tables.contracts else none,
    )


def _control(dataset: Dataset) -> ControlGroup | None:
    """Return whom the newest list keeps aside; None before it, or without ids."""
    from churn_pipeline.serving.control_group import newest_group
    from churn_pipeline.serving.desk.places import outputs_folder

    customers = dataset.tables.customers
    nameless = dataset.shape == "snapshot" and not (customers and customers.customer_id)
    return None if nameless else newest_group(outputs_folder() / dataset.name)


def _write(
    to_score: ToScore,
    champion: Artifact,
    target: Path,
    *,
    control: ControlGroup | None,
    reasons: int,
) -> Counter[str]:
    """Write the scores with a progress bar; return how many of each decision."""
    from churn_pipeline.progress import bar
    from churn_pipeline.serving.file_scores import score_batches
    from churn_pipeline.serving.writing import write_batches

    counts: Counter[str] = Counter()

    def shown() -> Iterator[pa.RecordBatch]:
        with bar("scoring", to_score.customers) as line:
            scores = score_batches(to_score, champion, control=control, reasons=reasons)
            for batch in scores:
                yield batch
                counts.update(batch.column("decision").to_pylist())
                line.advance(batch.num_rows)

    write_batches(target, _schema(to_score, reasons), shown())
    return counts


def _schema(to_score: ToScore, reasons: int) -> pa.Schema:
    """Return the columns of the output."""
    import pyarrow as pa

    from churn_pipeline.serving.file_scores import SCORES

    identity = to_score.features.select("customer_id").schema().to_pyarrow()
    return pa.schema(
        [
            pa.field(to_score.id_name, identity.field(0).type),
            *((name, pa.type_for_alias(kind)) for name, kind in SCORES.items()),
            *([pa.field("reasons", pa.string())] if reasons else []),
        ]
    )


def _check_apart(location: str, target: Path, refused: Path) -> None:
    """Raise ValueError where a file to write is the file to read, links followed."""
    if _whole(location) is None:
        return
    source = Path(location)
    for path in (target, refused):
        is_same = path.exists() and source.exists() and path.samefile(source)
        if is_same or path.resolve() == source.resolve():
            raise ValueError(
                f"expected INPUT to be neither OUTPUT ({target}) nor the file of "
                f"rejected rows ({refused}), got {source}, which would be "
                "overwritten; name another OUTPUT"
            )


def _write_rejected(checked: Checked, dataset: Dataset, path: Path) -> None:
    """Write the rows that are not valid; without any, no earlier file is left."""
    from churn_pipeline.serving.files import rejected_rows
    from churn_pipeline.serving.writing import write_batches

    if not checked.rejected:
        path.unlink(missing_ok=True)
        return
    rows = rejected_rows(checked, dataset)
    write_batches(path, rows.schema().to_pyarrow(), rows.to_pyarrow_batches())
