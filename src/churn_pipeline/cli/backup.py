"""`kedro churn backup, restore`: what a project cannot make again, in one file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from churn_pipeline.cli.project import project_folder
from churn_pipeline.cli.wording import columns

if TYPE_CHECKING:
    from churn_pipeline.backup.archive import Contents


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write models, their data, ledger, log, feedback, keys and call lists to FILE.

    The service and runs may go on. What was answered before is in it, but for the
    answers of the last second, which may still be on their way into the log.

    Example: kedro churn backup /backups/churn-2026-11-21.tar.gz
    """
    from churn_pipeline.backup.collect import back_up

    start = time.monotonic()
    with _refusals():
        held = back_up(project_folder(), file.absolute(), os.environ, _tell)
    _show(held, f"{file.stat().st_size / 1e6:,.1f} MB", time.monotonic() - start)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put back what FILE holds, where there is nothing of it yet.

    Hashes and golden rows are checked before anything is put in its place.

    Example: kedro churn restore /backups/churn-2026-11-21.tar.gz
    """
    from churn_pipeline.backup.restore import restore as put_back

    start = time.monotonic()
    with _refusals():
        held = put_back(file.absolute(), project_folder(), os.environ, _tell)
    _show(held, "restored", time.monotonic() - start)


def _show(held: Contents, what: str, seconds: float) -> None:
    """Show what a backup holds, and what it does not."""
    champions = ", ".join(f"{n} {v}" for n, v in held.champions.items()) or "none"
    rows = [
        ("as of", held.time),
        ("champions", champions),
        ("predictions", _counted(held.predictions)),
        ("call lists", _counted(held.lists)),
        *(("not in it", text) for text in held.left_out),
    ]
    click.echo(f"{what}, {len(held.files):,} files, {seconds:.1f} s")
    click.echo("\n".join(columns(rows)))


def _counted(by_name: dict[str, int]) -> str:
    return ", ".join(f"{n} {count:,}" for n, count in by_name.items()) or "none"


def _tell(part: str) -> None:
    click.echo(f"  {part}", err=True)


@contextmanager
def _refusals() -> Iterator[None]:
    """Show a refusal as one line, with an exit code above 0."""
    from churn_pipeline.backup.archive import BackupError
    from churn_pipeline.cli.registry import refusals
    from churn_pipeline.serving.rollout.state import RolloutError

    with refusals():
        try:
            yield
        except (BackupError, RolloutError, OSError) as error:
            raise click.ClickException(str(error)) from error
