"""`kedro churn replay, journal`: what was answered, again, and how much of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.registry import absolute, refusals, releases_of
from churn_pipeline.cli.wording import columns

if TYPE_CHECKING:
    from churn_pipeline.release.releases import Releases
    from churn_pipeline.serving.journal.replay import Answer
    from churn_pipeline.serving.journal.store import Store

_DAY_NS = 86_400 * 10**9


@click.command()
@click.argument("request_id")
@click.option(
    *("--row", "line"),
    default=0,
    type=click.IntRange(min=0),
    help="Position of the customer in a batch, from 0.",
)
@click.option("--shadow", is_flag=True, help="What the shadow answered beside.")
@env_option
def replay(request_id: str, line: int, env: str | None, *, shadow: bool) -> None:
    """Compute a logged answer again, from its inputs and the artifact of that hash.

    Prints both, and fails where they differ by a bit.

    Example: kedro churn replay 4f9c0d7e… --env telco
    """
    from churn_pipeline.serving.journal.replay import (
        find_artifact,
        logged_answer,
    )
    from churn_pipeline.serving.journal.replay import replay as compute
    from churn_pipeline.serving.locate import FOLDER

    releases = releases_of(env)
    with refusals(), opened(releases) as store:
        logged = store.find(request_id, line, shadow=shadow)
        artifact = find_artifact(releases.store, logged, named=os.environ.get(FOLDER))
    then, now = logged_answer(logged), compute(logged, artifact)
    about = f"{logged.model_version}, {logged.variant}, {_moment(logged.time_ns)}"
    click.echo(f"request {logged.request_id}, row {logged.line}: {about}")
    click.echo("\n".join(columns([("logged", _told(then)), ("now", _told(now))])))
    if then != now:
        raise click.ClickException(
            "expected the same answer again, got another one; the versions of the "
            "packages or the processor may differ: compare `packages` in the manifest"
        )
    click.echo("the same to the bit")


@click.group()
def journal() -> None:
    """The prediction log: how big it is, what is removed from it, its key."""


@journal.command()
@env_option
def size(env: str | None) -> None:
    """Show how many predictions and labels are logged, since when, in how many bytes.

    Example: kedro churn journal size --env telco
    """
    with opened(releases_of(env)) as store:
        click.echo("\n".join(columns(_state(store))))


@journal.command()
@click.option(
    *("--older-than", "days"),
    required=True,
    type=click.IntRange(min=1),
    help="Days that are kept.",
)
@env_option
def prune(days: int, env: str | None) -> None:
    """Remove predictions and labels that are older than some days.

    Example: kedro churn journal prune --older-than 365 --env telco
    """
    from churn_pipeline.serving.journal.prune import prune as remove

    with opened(releases_of(env)) as store:
        gone = remove(store.database, time.time_ns() - days * _DAY_NS)
        click.echo(
            f"removed {gone['predictions']:,} predictions, {gone['labels']:,} labels"
        )
        click.echo("\n".join(columns(_state(store))))


@journal.command()
@env_option
def key(env: str | None) -> None:
    """Make the key of pseudonyms: from then on the log has no customer's id.

    It is for a service that has no log yet: of one that has, the names would not be
    found again. Who loses it can no longer find a customer in the log, not to erase
    one either.

    Example: kedro churn journal key --env telco
    """
    from churn_pipeline.serving.journal.pseudonym import make_key

    releases = releases_of(env)
    try:
        click.echo(make_key(_folder(releases), _url(releases)))
    except FileExistsError as error:
        raise click.ClickException(
            f"expected no key yet, found {error.filename}; names under another key "
            "would be strangers: move it and the journal away first"
        ) from error
    except Exception as error:
        raise click.ClickException(str(error)) from error


def lost_answers(releases: Releases, versions: list[str]) -> list[tuple[str, int]]:
    """Return versions, and how many logged predictions need them to be replayed.

    Args:
        releases: The models of a data set.
        versions: Of models that go.
    """
    if not versions or not has_journal(releases):
        return []
    with opened(releases) as store:
        found = [(version, store.of_version(version)) for version in versions]
    return [(version, count) for version, count in found if count]


def log_of(releases: Releases) -> str:
    """Return where the prediction log of a data set is looked for; no password."""
    from churn_pipeline.serving.journal.database import shown

    return shown(_url(releases))


def has_journal(releases: Releases) -> bool:
    """Return whether a data set has a prediction log."""
    from churn_pipeline.serving.journal.database import exists

    return exists(_url(releases))


def _state(store: Store) -> list[tuple[str, str]]:
    database = store.database
    first, last, requests = database.run(
        "SELECT min(time_ns), max(time_ns), count(*) FROM request"
    )[0]
    predictions = store.count()
    labels = database.run("SELECT count(*) FROM feedback")[0][0]
    total = database.size()
    each = f", {total / predictions:,.0f} a prediction" if predictions else ""
    span = f", {_moment(first)} to {_moment(last)}" if requests else ""
    return [
        ("predictions", f"{predictions:,} in {requests:,} requests{span}"),
        ("labels", f"{labels:,}"),
        ("bytes", f"{total:,}{each}"),
    ]


@contextmanager
def opened(releases: Releases) -> Iterator[Store]:
    """Open a data set's journal; show what is wrong with it as one line.

    Raises:
        ClickException: There is none, or it cannot be read.
    """
    from churn_pipeline.serving.journal.database import (
        connect,
        exists,
        is_passing,
        shown,
    )
    from churn_pipeline.serving.journal.pseudonym import Pseudonyms
    from churn_pipeline.serving.journal.store import Store

    url = _url(releases)
    if not exists(url):
        raise click.ClickException(
            f"expected a prediction log at {shown(url)}, found none; the service makes "
            "it when it starts, or name another in CHURN_JOURNAL"
        )
    try:
        pseudonyms = Pseudonyms.of(_folder(releases))
        database = connect(url, pseudonyms=pseudonyms.fingerprint, wait_s=30)
    except Exception as error:
        raise click.ClickException(str(error)) from error
    with closing(database):
        try:
            yield Store(database, pseudonyms)
        except Exception as error:
            if is_passing(error):  # locked for long, or gone meanwhile
                raise click.ClickException(f"{shown(url)}: {error}") from error
            raise


def _url(releases: Releases) -> str:
    from churn_pipeline.serving.journal.database import journal_url

    return absolute(journal_url(_folder(releases)), project_folder())


def _folder(releases: Releases) -> Path:
    from churn_pipeline.serving.place import service_folder

    return project_folder() / service_folder(releases.registry.dataset)


def _told(answer: Answer) -> str:
    return f"{answer.probability!r} {answer.decision}, threshold {answer.threshold!r}"


def _moment(time_ns: int) -> str:
    import datetime as dt

    moment = dt.datetime.fromtimestamp(time_ns / 1e9, dt.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
