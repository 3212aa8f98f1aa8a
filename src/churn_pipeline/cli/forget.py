"""`kedro churn forget`: one customer is erased wherever the project knows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

from churn_pipeline.cli.journal import has_journal, log_of, opened
from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.registry import releases_of
from churn_pipeline.cli.wording import columns
from churn_pipeline.processes import account

if TYPE_CHECKING:
    from pathlib import Path

    from churn_pipeline.release.releases import Releases
    from churn_pipeline.serving.desk.erase import ListErasure
    from churn_pipeline.serving.journal.erase import Elsewhere, Forgotten


class _Done(NamedTuple):
    """What was erased, and the lists that nobody could look into."""

    counted: Forgotten
    unreadable: Mapping[Path, str]


@click.command()
@click.argument("customer_id")
@click.option(
    "--no-log", is_flag=True, help="No service has answered: there is no log."
)
@env_option
def forget(customer_id: str, env: str | None, *, no_log: bool) -> None:
    """Erase one customer from log, feedback, online features and lists of calls.

    It counts again and proves it. Stop asking for the customer first: answers of the
    last second may still be on their way into the log. It refuses while a run is at
    work, and runs are refused meanwhile. The audit log has when it was begun and how it
    ended, not of whom.

    Example: kedro churn forget 7590-VHVEG --env telco
    """
    from churn_pipeline.lock import alone

    releases = releases_of(env)
    with _refusals(), alone(project_folder(), releases.registry.dataset):
        logged = _is_logged(releases, no_log=no_log)
        with _audited(releases) as audit:
            done = _erased(releases, customer_id, logged=logged)
            missing = not (logged or no_log)
            left = [*_left(done), *([_no_log(releases)] if missing else [])]
            rows = (f"{n} {place}" for place, n in done.counted.before.items())
            state = "incomplete" if left else "complete"
            audit(f"{', '.join(rows)}: {state}")
    log = log_of(releases) if logged else ("not found" if missing else "none")
    click.echo("\n".join(columns([("prediction log", log), *_proof(done)])))
    if left:
        raise click.ClickException("; ".join(left))


@contextmanager
def _refusals() -> Iterator[None]:
    """Show what was in the way as one line."""
    from churn_pipeline.lock import BusyError
    from churn_pipeline.serving.desk.erase import ListError
    from churn_pipeline.serving.online.erase import OnlineStoreError

    try:
        yield
    except (OnlineStoreError, ListError, BusyError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _is_logged(releases: Releases, *, no_log: bool) -> bool:
    """Return whether there is a log; one that `CHURN_JOURNAL` names has to be there.

    Raises:
        ClickException: It is said that there is none, and there is.
    """
    from churn_pipeline.serving.journal.database import URL

    logged = bool(os.environ.get(URL)) or has_journal(releases)
    if logged and no_log:
        raise click.ClickException(
            f"expected no prediction log with --no-log, got {log_of(releases)}; leave "
            "--no-log out, and the log is looked through too"
        )
    return logged


@contextmanager
def _audited(releases: Releases) -> Iterator[Callable[[str], None]]:
    """Write that a customer is being erased, and how it ended, without who it is."""
    from churn_pipeline.serving.access.audit import Audit
    from churn_pipeline.serving.place import service_folder

    told = Audit(project_folder() / service_folder(releases.registry.dataset))

    def audit(what: str) -> None:
        told.write(
            "customer_forgotten",
            caller=None,
            address="",
            agent="kedro churn forget",
            reason=f"{what}, by {account()}",
        )

    audit("begun")
    try:
        yield audit
    except BaseException as error:
        audit(f"failed, nothing is proven: {type(error).__name__}")
        raise


def _erased(releases: Releases, customer_id: str, *, logged: bool) -> _Done:
    """Erase a customer from the log where there is one, and from all other places."""
    from churn_pipeline.serving.desk.erase import list_erasures
    from churn_pipeline.serving.journal.erase import forget as erase
    from churn_pipeline.serving.journal.erase import forget_elsewhere

    dataset = releases.registry.dataset
    lists = list_erasures(dataset, project_folder())
    others = {"online features": _online(dataset), **lists}
    if logged:
        with opened(releases) as store:
            known = store.database, store.pseudonyms
            counted = erase(*known, customer_id, elsewhere=others)
    else:
        counted = forget_elsewhere(customer_id, others)
    return _Done(counted, _unreadable(lists.values()))


def _online(dataset: str) -> Elsewhere:
    from churn_pipeline.serving.online import online_place
    from churn_pipeline.serving.online.erase import OnlineErasure

    return OnlineErasure(online_place(dataset, project=project_folder()), dataset)


def _unreadable(lists: Iterable[ListErasure]) -> dict[Path, str]:
    return {file: why for place in lists for file, why in place.unreadable.items()}


def _left(done: _Done) -> Iterator[str]:
    """Yield what keeps the erasure from being complete, and what to do."""
    if not done.counted.complete:
        yield (
            "expected nothing of the customer to be left, got what is counted above; "
            "end requests about the customer and run it again"
        )
    if done.unreadable:
        named = ", ".join(f"{file} ({why})" for file, why in done.unreadable.items())
        yield (
            "expected lists that can be read, got unreadable: "
            f"{len(done.unreadable):,}, remove them: {named}; or restore them from a "
            "copy, and run it again"
        )


def _no_log(releases: Releases) -> str:
    return (
        f"expected a prediction log, got no prediction log at {log_of(releases)}, and "
        "CHURN_JOURNAL is not set; set it as the service has it and run it again, or "
        "add --no-log where no service has answered"
    )


def _proof(done: _Done) -> list[tuple[str, str]]:
    """Return what was there and what is left."""
    counted = done.counted
    rows = [
        (place, f"{counted.before[place]:,} before, {left:,} left")
        for place, left in counted.after.items()
    ]
    if done.unreadable:
        rows.append(("unreadable", f"{len(done.unreadable):,}"))
    if "predictions" in counted.after:
        rows.append(("files", _traces(counted)))
    if not any(counted.before.values()):
        told = "nothing of this customer; see whether the id and --env are right"
        rows.append(("found", told))
    return rows


def _traces(counted: Forgotten) -> str:
    """Return what of the name is left in the files of the log."""
    if counted.traces is None:
        return "not searched: the name is too short, or no file"
    found = f"{counted.traces:,} places with the bytes of the customer's name"
    alike = counted.alike
    return found + (f"; {alike:,} other customers' names hold it" if alike else "")
