"""`kedro churn adopt`: a data set of one's own, described by a look at its file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import (
    credentials_option,
    named_credentials,
    project_folder,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from churn_pipeline.validation.adopted import Adopted
    from churn_pipeline.validation.adoption_yaml import CatalogFile

_TAKEN = {"base", "local", "test"}
_DECISION = "parameters_decision.yml"
_WRITTEN = ("dataset.yml", "catalog.yml", "parameters_feature_engineering.yml")


@click.command()
@click.argument("name")
@click.argument("file")
@click.option("--target", help="Snapshot: the column that says who left.")
@click.option("--positive", help="Snapshot: the value of --target of those who left.")
@click.option("--id", "id_column", help="Column with the customer's id.")
@click.option("--time", "time_column", help="Event log: column with the time.")
@click.option("--amount", help="Event log: column with the money.")
@click.option(
    "--horizon", type=click.IntRange(min=1), help="Event log: days without activity."
)
@click.option("--date", "day", help="Snapshot: ISO date of its rows; else today.")
@click.option("--sheet", help="Excel: the sheet; needed where several hold rows.")
@click.option("--separator", help="Text: between cells; left out, found out.")
@click.option("--encoding", help="Text: e.g. cp1250; left out, found out.")
@credentials_option
@click.option("--force", is_flag=True, help="Overwrite conf/NAME.")
def adopt(  # noqa: PLR0917
    name: str,
    file: str,
    target: str | None,
    positive: str | None,
    id_column: str | None,
    time_column: str | None,
    amount: str | None,
    horizon: int | None,
    day: str | None,
    sheet: str | None,
    separator: str | None,
    encoding: str | None,
    credentials: str | None,
    *,
    force: bool,
) -> None:
    """Describe FILE (CSV, TSV, Parquet or Excel) as the data set NAME.

    FILE is a path or a URL (s3://bucket/customers.csv, https://...).

    Writes conf/NAME with the roles, types, ranges and allowed values of the columns,
    for you to read and correct. Then: kedro run --env NAME.

    Examples:

    kedro churn adopt telco2 customers.csv --target Churn --positive Yes --id customerID

    kedro churn adopt shop orders.csv --id customer --time date --amount total
    --horizon 90
    """
    from churn_pipeline.validation.adoption_yaml import CatalogFile

    snapshot = {"target": target, "positive": positive, "id": id_column, "date": day}
    events = {"id": id_column, "time": time_column, "amount": amount}
    try:
        project = project_folder()
        folder = _folder(project, name, force=force)
        adopted = _look(
            name,
            file,
            project=project,
            catalog=CatalogFile(
                _catalog_path(project, file), sheet, credentials, separator, encoding
            ),
            snapshot=snapshot,
            events={**events, "horizon": horizon},
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    _write(project, folder, adopted)
    _show(name, folder.relative_to(project), adopted)


def _write(project: Path, folder: Path, adopted: Adopted) -> None:
    """Write the description in place of an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    for file_name in _WRITTEN:  # those of the other kind of data too
        (folder / file_name).unlink(missing_ok=True)
    for file_name, text in adopted.files.items():
        (folder / file_name).write_text(text, encoding="utf-8")
    _write_decision(project, folder)


def _write_decision(project: Path, folder: Path) -> None:
    """Copy the assumed costs and values, for a person to replace; theirs are kept."""
    own = folder / _DECISION
    if not own.exists():
        assumed = project / "conf" / "base" / _DECISION
        own.write_text(assumed.read_text(encoding="utf-8"), encoding="utf-8")


def _folder(project: Path, name: str, *, force: bool) -> Path:
    """Return the folder to write."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        close = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")
        raise ValueError(
            "expected a name of small letters, digits and _ that begins with a letter, "
            f"got {name!r}; take `{close or 'my_shop'}`"
        )
    if name in _TAKEN:
        raise ValueError(
            f"expected the name of a data set, got {name!r}, which conf/ uses for "
            "itself; take another"
        )
    folder = project / "conf" / name
    if folder.exists() and not force:
        raise ValueError(
            f"expected no folder conf/{name}, but it is there; take another name, or "
            "overwrite it with --force"
        )
    return folder


def _look(
    name: str,
    file: str,
    *,
    project: Path,
    catalog: CatalogFile,
    snapshot: dict[str, str | None],
    events: dict[str, str | int | None],
) -> Adopted:
    """Return the description of a file as the kind of data its options say it is."""
    from churn_pipeline.validation.adopt_events import EventLog, describe_events
    from churn_pipeline.validation.adopt_snapshot import Snapshot, describe_snapshot

    is_snapshot = _require_one_kind(snapshot, events)
    rows = _rows(project, file, catalog)
    if is_snapshot:
        return describe_snapshot(
            name,
            rows,
            Snapshot(**snapshot),  # type: ignore[arg-type]
            catalog=catalog,
        )
    return describe_events(
        name,
        rows,
        EventLog(**events),  # type: ignore[arg-type]
        catalog=catalog,
    )


def _require_one_kind(
    snapshot: dict[str, str | None], events: dict[str, str | int | None]
) -> bool:
    """Return whether the options are of a snapshot, those of an event log else.

    Raises:
        ValueError: They are of both, of neither, or not all that one needs.
    """
    is_snapshot = snapshot["target"] is not None
    is_events = events["time"] is not None
    if is_snapshot == is_events:
        raise ValueError(
            "expected --target and --positive (one row a customer), or --id, --time "
            "and --horizon (an event log), got "
            + ("both" if is_snapshot else "neither")
        )
    if is_events and snapshot["date"] is not None:
        raise ValueError(
            f"expected --date for one row a customer only, got {snapshot['date']} for "
            "an event log, whose rows have dates of their own; leave it out"
        )
    kind = snapshot if is_snapshot else events
    needed = ("target", "positive") if is_snapshot else ("id", "time", "horizon")
    if lacking := [f"--{option}" for option in needed if kind[option] is None]:
        raise ValueError(f"expected also {' and '.join(lacking)}, got none")
    return is_snapshot


def _rows(project: Path, file: str, catalog: CatalogFile) -> ir.Table:
    """Return the rows of the file, in a DuckDB of their own."""
    import ibis

    from churn_pipeline.io.reading import read_raw
    from churn_pipeline.io.remote import COPIES

    return read_raw(
        ibis.duckdb.connect(memory_limit="2GB"),
        file,
        sheet=catalog.sheet,
        separator=catalog.separator,
        encoding=catalog.encoding,
        storage_options=_credentials(project, catalog.credentials),
        copies=project / COPIES,
    )


def _credentials(project: Path, key: str | None) -> dict[str, Any] | None:
    """Return what stands in conf/base, where any data set's run finds it, too."""
    from kedro.framework.project import settings

    if key is None:
        return None
    loader = settings.CONFIG_LOADER_CLASS(
        str(project / "conf"), env="base", **settings.CONFIG_LOADER_ARGS
    )
    return named_credentials(loader, key)


def _catalog_path(project: Path, file: str) -> str:
    """Return the file's place for the catalog, relative to where raw files are."""
    import os

    from churn_pipeline.io.remote import local_path
    from churn_pipeline.validation.adoption_yaml import RAW

    base = os.environ.get("CHURN_DATA_DIR", "data/01_raw").rstrip("/")
    path, folder = local_path(file), local_path(base)
    if path is None:
        _check_secrets(file)
        is_below = folder is None and file.startswith(f"{base}/")
        return f"{RAW}{file.removeprefix(base)}" if is_below else file
    whole = Path(path).resolve()
    if folder is not None and whole.is_relative_to(raw := (project / folder).resolve()):
        return f"{RAW}/" + whole.relative_to(raw).as_posix()
    if whole.is_relative_to(project.resolve()):
        return whole.relative_to(project.resolve()).as_posix()
    return whole.as_posix()


def _check_secrets(url: str) -> None:
    """Raise ValueError where a URL holds a password or signature: git keeps it."""
    from urllib.parse import parse_qsl, urlsplit

    from churn_pipeline.io.remote_errors import shown

    parts = urlsplit(url)
    secret = re.compile("sig|token|key|secret|password|credential", re.IGNORECASE)
    if "@" in parts.netloc or any(secret.search(k) for k, _ in parse_qsl(parts.query)):
        raise ValueError(
            "expected an address without password, token or signature, as it is "
            f"written to conf/, got one in {shown(url)}; put them into "
            "conf/base/credentials.yml and name the key with --credentials"
        )


def _show(name: str, folder: Path, adopted: Adopted) -> None:
    """Print what was found, what to look at, and what to run next."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table("column", "use", "what to know", title=adopted.summary)
    for row in adopted.rows[:_MOST_ROWS]:
        column, use, note = map(escape, row)
        doubt = f"{row[0]}: {row[2]} ("
        if any(warning.startswith(doubt) for warning in adopted.warnings):
            # told in full below
            note = "[yellow]![/yellow]"
        table.add_row(column, use, note)
    if len(adopted.rows) > _MOST_ROWS:
        table.add_row("...", "", f"{len(adopted.rows) - _MOST_ROWS} more")
    if adopted.rows:
        console.print(table)
    else:
        console.print(adopted.summary)
    for warning in adopted.warnings:
        console.print(f"[yellow]![/yellow] {escape(warning)}")
    written = [*adopted.files, _DECISION]
    console.print(f"Written: {', '.join(str(folder / file) for file in written)}")
    console.print(
        f"The costs and values in {folder / _DECISION} are placeholders: whom to call "
        "follows from them. Put in your own, then remove `assumed` there."
    )
    console.print("Next: read and correct them, then")
    console.print(f"  kedro run --env {name}")
    console.print(f"  kedro churn score --env {name} INPUT OUTPUT")


_MOST_ROWS = 60
