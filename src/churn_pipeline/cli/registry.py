"""`kedro churn status, history, promote, rollback, approve, reject`: what serves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.wording import history_lines, status_lines
from churn_pipeline.environment import require_environment

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader

    from churn_pipeline.release.ledger import Entry
    from churn_pipeline.release.releases import Releases

reason_option = click.option("--reason", default="", help="Why; kept in the ledger.")


@click.command()
@env_option
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object on standard out."
)
def status(env: str | None, as_json: bool) -> None:
    """Show which model serves, since when and why, and how good it is.

    Without a champion it fails; with --json, `version` is null.

    Example: kedro churn status --env telco --json
    """
    with refusals():
        if as_json:
            click.echo(json.dumps(describe(releases_of(env)), indent=2))
            return
        found, entries = reigning(env)
        lines = status_lines(found, entries, currency=currency_of(env), env=env)
    click.echo("\n".join(lines))


@click.command()
@env_option
@click.option("--json", "as_json", is_flag=True, help="A JSON list on standard out.")
def history(env: str | None, as_json: bool) -> None:
    """Show who released what, when and why, the newest last.

    Example: kedro churn history --env telco
    """
    with refusals():
        entries = releases_of(env).store.decisions()
    if as_json:
        click.echo(json.dumps([entry.model_dump() for entry in entries], indent=2))
        return
    click.echo("\n".join(history_lines(entries, env)))


@click.command()
@click.argument("version")
@env_option
@reason_option
@click.option("--override", is_flag=True, help="Although its gate refused it.")
def promote(version: str, env: str | None, reason: str, override: bool) -> None:
    """Make a registered VERSION the champion.

    VERSION is its MAJOR.MINOR.PATCH, its id, or its number in MLflow.

    Example: kedro churn promote 1.2.0 --reason "new prices"
    """
    if override and not reason.strip():
        raise click.ClickException("--override needs --reason WHY")
    _change(env, lambda them: them.promote(version, reason=reason, override=override))


@click.command()
@click.argument("version")
@env_option
@reason_option
def approve(version: str, env: str | None, reason: str) -> None:
    """Make a VERSION that waits for approval the champion.

    Of one with failed checks only an account named in release.approvers can.

    VERSION is its MAJOR.MINOR.PATCH, its id, or its number in MLflow.

    Example: kedro churn approve 1.2.0 --reason "signed off"
    """
    _change(env, lambda them: them.approve(version, reason=reason))


@click.command()
@click.argument("version")
@env_option
@reason_option
def reject(version: str, env: str | None, reason: str) -> None:
    """Say no to a VERSION that waits for approval; no customer gets it any more.

    VERSION is its MAJOR.MINOR.PATCH, its id, or its number in MLflow.

    Example: kedro churn reject 1.2.0 --reason "ages are treated too unlike"
    """
    from churn_pipeline.cli.canary import end_trial

    with refusals():
        releases = releases_of(env)
        found = releases.reject(version, reason=reason)
        click.echo(f"rejected {releases.store.record(found).named}")
    if ended := end_trial(env, found):
        click.echo(ended)


@click.command()
@env_option
@reason_option
def rollback(env: str | None, reason: str) -> None:
    """Make the champion before this one the champion again.

    Example: kedro churn rollback --reason "complaints from the call centre"
    """
    _change(env, lambda them: them.rollback(reason=reason))


def releases_of(env: str | None) -> Releases:
    """Return the releases of the data set of an environment, under its rules.

    Only the catalog entry `champion` is read and made, so that this is quick.

    Raises:
        ClickException: There is no such environment.
    """
    from churn_pipeline.io.champion import ChampionDataset
    from churn_pipeline.release.governance import Governance

    project, loader = project_folder(), _loader(env)
    entry = {k: v for k, v in loader["catalog"]["champion"].items() if k != "type"}
    # The command may be run in a folder below the project's.
    located = {
        "path": str(project / entry["path"]),
        "rollout": str(project / entry["rollout"]),
        "tracking_uri": absolute(entry["tracking_uri"], project),
    }
    written = loader["parameters"]["release"]
    rules = {k: v for k, v in written.items() if k in Governance.model_fields}
    releases = ChampionDataset(**{**entry, **located}).releases
    return replace(releases, rules=Governance.model_validate(rules))


def currency_of(env: str | None) -> str:
    """Return the currency of the data set of an environment."""
    from churn_pipeline.dataset import Dataset

    described = _loader(env)["globals"]["dataset"]
    return str(described.get("currency", Dataset.model_fields["currency"].default))


def reigning(env: str | None) -> tuple[dict[str, Any], list[Entry]]:
    """Return the champion as `describe` does, and the ledger, oldest first.

    Raises:
        ClickException: There is no champion; it says how to get one.
    """
    releases = releases_of(env)
    found, entries = describe(releases), releases.store.decisions()
    if found["version"] is None:
        raise click.ClickException(_why_none(found, entries, env))
    return found, entries


def _why_none(found: Mapping[str, Any], entries: list[Entry], env: str | None) -> str:
    """Return why no model serves yet, and how to get one that does."""
    from churn_pipeline.release.first import first_champion

    def shown(command: str) -> str:
        first = env is None and command == "kedro run"
        return "make run" if first else command

    waits = bool(found["challengers"])
    return first_champion(found["dataset"], entries, waits=waits, shown=shown)


def _loader(env: str | None) -> AbstractConfigLoader:
    """Return the configuration of an environment.

    Raises:
        ClickException: There is no such environment.
    """
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    project = project_folder()
    bootstrap_project(project)
    conf = project / settings.CONF_SOURCE
    try:
        require_environment(env or "local", conf)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    loader: AbstractConfigLoader = settings.CONFIG_LOADER_CLASS(
        conf_source=str(conf), env=env, **settings.CONFIG_LOADER_ARGS
    )
    return loader


def describe(releases: Releases) -> dict[str, Any]:
    """Return the champion's version and every metric of it by name.

    Returns:
        `dataset`, `version` (None where there is none), `semantic_version`, `change`,
        `family`, `gate`, `since`, `who`, `action`, `reason`, `previous`,
        `challengers` (versions that `approve` takes), `failed_checks` (of each of them
        that has any), `fitted_rows`, `refit` (whether
        the metrics are of the same model before a refit on all rows) and the metrics;
        whatever is wrong with its files in `problem`.
    """
    from churn_pipeline.release.artifact import ArtifactError
    from churn_pipeline.release.ledger import CROWNED

    pointer = releases.store.pointer()
    named = {"dataset": releases.registry.dataset, "version": None}
    found: dict[str, Any] = named | _waiting(releases)
    if pointer is None:
        return found
    record = releases.store.record(pointer.version)
    last = [e for e in releases.store.decisions() if e.action in CROWNED][-1]
    found |= {
        "version": pointer.version,
        "semantic_version": record.semantic_version,
        "change": record.change,
        "family": record.family,
        "gate": record.gate,
        "since": last.time,
        "who": last.who,
        "action": last.action,
        "reason": last.reason,
        "previous": last.previous,
        "fitted_rows": record.fitted_rows,
        "refit": record.refit,
    }
    try:
        releases.store.champion()
    except ArtifactError as error:
        found["problem"] = str(error)
    if last.version != pointer.version:
        found["problem"] = (
            f"the ledger says {last.version}: a release was broken off; run "
            f"`kedro churn promote {last.version}` to complete it"
        )
    return {**found, **record.metrics}


def _waiting(releases: Releases) -> dict[str, Any]:
    """Return the versions that may be approved, and what each fails."""
    waiting = list(releases.waiting())
    failed = {v: list(releases.store.record(v).unmet) for v in waiting}
    return {
        "challengers": waiting,
        "failed_checks": {v: names for v, names in failed.items() if names},
    }


def absolute(uri: str, project: Path) -> str:
    """Return a tracking URI whose SQLite file, if it is one, has its whole path."""
    head, found, path = uri.partition("sqlite:///")
    return f"sqlite:///{project / path}" if found and not head else uri


def _change(env: str | None, change: Callable[[Releases], object]) -> None:
    """Make a change to the releases, and print what serves after it."""
    # A person waits: MLflow's own seven tries take four minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    with refusals():
        releases = releases_of(env)
        change(releases)
        pointer = releases.store.pointer()
    if pointer is not None:
        click.echo(f"champion is {releases.store.record(pointer.version).named}")


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal as one line, with an exit code above 0."""
    from churn_pipeline.release.artifact import ArtifactError
    from churn_pipeline.release.chain import LedgerError
    from churn_pipeline.release.registry import RegistryError
    from churn_pipeline.release.releases import ReleaseError

    known = (ReleaseError, RegistryError, LedgerError, ArtifactError, LookupError)
    try:
        yield
    except known as error:
        message = error.args[0] if error.args else str(error)
        raise click.ClickException(str(message)) from error
