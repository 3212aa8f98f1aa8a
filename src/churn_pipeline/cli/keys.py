"""`kedro churn keys`: who may ask the service, and what."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from churn_pipeline.cli.advice import in_env
from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.processes import account

if TYPE_CHECKING:
    from churn_pipeline.serving.access.keys import Key
    from churn_pipeline.serving.access.roles import Role

_DAYS_AT_MOST = 3650


@click.group()
def keys() -> None:
    """Give, list and revoke keys of the service."""


@keys.command()
@click.argument("name")
@click.option(
    "--role", required=True, help="What for: predict, feedback, operate, desk or admin."
)
@click.option(
    "--expires",
    metavar="DAYS",
    type=click.IntRange(1, _DAYS_AT_MOST),
    help="Refuse it after so many days; left out, it never expires.",
)
@click.option(
    "--rate", metavar="LIMIT", help="Its own limit, such as 600/minute; else all's."
)
@env_option
def add(
    name: str, role: str, expires: int | None, rate: str | None, env: str | None
) -> None:
    """Make a key for NAME and print it: nobody can show it again.

    Example: kedro churn keys add retention-desk --role predict --expires 90
    """
    from churn_pipeline.serving.access.keys import add_key
    from churn_pipeline.serving.place import KEYS

    with refusals():
        folder, of_role = service_of(env), _role(role)

        def record(key: Key) -> None:
            """Write the key to the audit log."""
            _record(folder, "key_added", f"{name}, role {of_role}, key {key.key_hash}")

        secret = add_key(
            folder / KEYS, name, of_role, days=expires, rate=rate, record=record
        )
    click.echo(secret)
    until = f", valid for {expires} days" if expires else ""
    listing = in_env("kedro churn keys list", env)
    click.echo(
        f"key of {name}, role {of_role}{until}: keep it now, it is shown this once "
        f"(`{listing}` shows what there is)",
        err=True,
    )


@keys.command(name="list")
@env_option
@click.option("--json", "as_json", is_flag=True, help="A JSON list on standard out.")
def list_(env: str | None, as_json: bool) -> None:
    """Show whose keys there are, without the keys.

    Example: kedro churn keys list --env telco
    """
    from churn_pipeline.serving.access.keys import read_keys
    from churn_pipeline.serving.place import KEYS

    with refusals():
        found = read_keys(service_of(env) / KEYS)
    now = dt.datetime.now(dt.UTC)
    if as_json:
        click.echo(json.dumps([_told(key, now) for key in found], indent=2))
        return
    if not found:
        add_one = in_env("kedro churn keys add NAME --role predict", env)
        click.echo(f"no key yet, so nobody gets in: `{add_one}`")
        return
    click.echo("\n".join(_table(found, now)))


@keys.command()
@click.argument("name")
@env_option
def revoke(name: str, env: str | None) -> None:
    """Refuse the key of NAME from now on; running services do so within a second.

    Example: kedro churn keys revoke retention-desk
    """
    from churn_pipeline.serving.access.keys import revoke_key
    from churn_pipeline.serving.place import KEYS

    with refusals():
        folder = service_of(env)
        revoked = revoke_key(folder / KEYS, name)
    try:
        _record(folder, "key_revoked", f"{name}, key {revoked.key_hash}")
    except OSError as error:  # a key that others know does not wait for the books
        raise click.ClickException(
            f"key of {name} revoked, but that is not in the audit log: {error}"
        ) from error
    click.echo(f"key of {name} revoked: running services refuse it within a second")


def service_of(env: str | None) -> Path:
    """Return the folder of the service of an environment's data set.

    Raises:
        ValueError: There is no such environment.
    """
    from churn_pipeline.serving.__main__ import dataset_of
    from churn_pipeline.serving.place import service_folder

    project = project_folder()
    return project / service_folder(dataset_of(env or "local", project))


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal as one line, with an exit code above 0."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _role(text: str) -> Role:
    """Return a role by its name.

    Raises:
        ValueError: There is none of this name; it says which one is near.
    """
    from difflib import get_close_matches

    from churn_pipeline.serving.access.roles import Role

    if text in set(Role):
        return Role(text)
    near = get_close_matches(text, list(Role), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"expected a role out of {', '.join(Role)}, got {text!r}{hint}")


def _record(folder: Path, kind: str, what: str) -> None:
    """Write a change to the audit log.

    Raises:
        OSError: It cannot be written.
    """
    from churn_pipeline.serving.access.audit import Audit

    told = {"address": "", "agent": "kedro churn keys"}
    reason = f"{what}, by {account()}"
    Audit(folder).write(kind, caller=None, reason=reason, **told)


def _told(key: Key, now: dt.datetime) -> dict[str, str | None]:
    """Return what may be shown of a key."""
    found = key.model_dump(mode="json", exclude={"sha256"})
    return {**found, "key_hash": key.key_hash, "state": key.state(now)}


def _table(found: Sequence[Key], now: dt.datetime) -> Iterator[str]:
    heads = ("name", "role", "state", "limit", "created", "expires", "logs show")
    rows = [
        (
            key.name,
            str(key.role),
            key.state(now),
            key.rate or "-",
            f"{key.created:%Y-%m-%d}",
            f"{key.expires:%Y-%m-%d}" if key.expires else "never",
            key.key_hash,
        )
        for key in found
    ]
    wide = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = (text.ljust(width) for text, width in zip(row, wide, strict=True))
        yield "  ".join(cells).rstrip()
