"""`kedro churn forget`: one customer is erased wherever the project knows them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from churn_pipeline.cli.journal import has_journal, opened
from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.registry import releases_of
from churn_pipeline.cli.wording import columns
from churn_pipeline.processes import account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churn_pipeline.release.releases import Releases
    from churn_pipeline.serving.journal.erase import Elsewhere, Forgotten


@click.command()
@click.argument("customer_id")
@env_option
def forget(customer_id: str, env: str | None) -> None:
    """Erase one customer from log, feedback, online features and lists of calls.

    It counts again and proves it. Stop asking for the customer first: answers of the
    last second may still be on their way into the log, and a run at work writes whom
    its tables have. The audit log says that it was done, not of whom.

    Example: kedro churn forget 7590-VHVEG --env telco
    """
    from churn_pipeline.serving.desk.erase import ListError
    from churn_pipeline.serving.online.erase import OnlineStoreError

    releases = releases_of(env)
    try:
        done = _erased(releases, customer_id)
    except (OnlineStoreError, ListError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(columns(_proof(done))))
    _audit(releases, done)
    if not done.complete:
        raise click.ClickException(
            "expected nothing of the customer to be left, got what is counted above; "
            "end requests about the customer and run it again"
        )


def _erased(releases: Releases, customer_id: str) -> Forgotten:
    """Erase a customer; where no service has run and none is named, there is no log."""
    from churn_pipeline.serving.journal.database import URL
    from churn_pipeline.serving.journal.erase import forget as erase
    from churn_pipeline.serving.journal.erase import forget_elsewhere

    others = _elsewhere(releases.registry.dataset)
    if not os.environ.get(URL) and not has_journal(releases):
        return forget_elsewhere(customer_id, others)
    with opened(releases) as store:
        known = store.database, store.pseudonyms
        return erase(*known, customer_id, elsewhere=others)


def _elsewhere(name: str) -> Mapping[str, Elsewhere]:
    """Return the places beside the log that know customers of a data set."""
    from churn_pipeline.serving.desk.erase import list_erasures
    from churn_pipeline.serving.online import online_place
    from churn_pipeline.serving.online.erase import OnlineErasure

    project = project_folder()
    online = OnlineErasure(online_place(name, project=project), name)
    return {"online features": online, **list_erasures(name, project)}


def _proof(done: Forgotten) -> list[tuple[str, str]]:
    """Return what was there and what is left."""
    rows = [
        (place, f"{done.before[place]:,} before, {left:,} left")
        for place, left in done.after.items()
    ]
    if "predictions" not in done.after:
        return [("prediction log", "none: no service has run here"), *rows]
    if done.traces is None:
        return [*rows, ("files", "not searched: the name is too short, or no file")]
    found = f"{done.traces:,} places with the bytes of the customer's name"
    alike = f"; {done.alike:,} other customers' names hold it" if done.alike else ""
    return [*rows, ("files", found + alike)]


def _audit(releases: Releases, done: Forgotten) -> None:
    """Write that a customer was erased, without who it was."""
    from churn_pipeline.serving.access.audit import Audit
    from churn_pipeline.serving.place import service_folder

    rows = ", ".join(f"{count} {place}" for place, count in done.before.items())
    state = "complete" if done.complete else "incomplete"
    Audit(project_folder() / service_folder(releases.registry.dataset)).write(
        "customer_forgotten",
        caller=None,
        address="",
        agent="kedro churn forget",
        reason=f"{rows}: {state}, by {account()}",
    )
