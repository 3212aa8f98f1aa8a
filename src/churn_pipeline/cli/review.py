"""`kedro churn review`: what the checks of a release found, and who may decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.advice import in_env
from churn_pipeline.cli.project import env_option
from churn_pipeline.cli.registry import refusals, releases_of
from churn_pipeline.cli.wording import width
from churn_pipeline.environment import told_for

if TYPE_CHECKING:
    from churn_pipeline.release.records import Record
    from churn_pipeline.release.releases import Releases

_COLOURS = {"passed": "green", "warning": "yellow", "failed": "red"}


@click.command()
@click.argument("version")
@env_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object with figures.")
def review(version: str, env: str | None, as_json: bool) -> None:
    """Show what every check of a registered VERSION found, and what to do.

    VERSION is its MAJOR.MINOR.PATCH, its id, or its number in MLflow.

    Example: kedro churn review 1.2.0 --env telco
    """
    from churn_pipeline.release.numbering import find

    with refusals():
        releases = releases_of(env)
        record = releases.store.record(find(releases.store, releases.registry, version))
        told = _facts(releases, record)
    if record.review is None:
        raise click.ClickException(
            f"expected the review of {record.named}, found none: it was registered "
            "before there were any; `kedro run` makes a model that is reviewed"
        )
    if as_json:
        found = {**told, **record.review.model_dump(mode="json")}
        click.echo(json.dumps(found, indent=2))
        return
    _show(record, told, env)


def _facts(releases: Releases, record: Record) -> dict[str, Any]:
    """Return where a version stands, and who submitted and may decide."""
    from churn_pipeline.release.ledger import CROWNED
    from churn_pipeline.release.verdicts import rejection, submitter

    entries = releases.store.decisions()
    pointer = releases.store.pointer()
    crowned = [e for e in entries if e.version == record.version]
    state = {"register": "registered", "pend": "pending", "refuse": "refused"}
    standing = state[record.verdict]
    if any(e.action in CROWNED for e in crowned):
        standing = "released before"
    if pointer is not None and pointer.version == record.version:
        standing = "champion"
    if (no := rejection(entries, record.version)) is not None:
        standing = f"rejected by {no.who}: {no.reason}"
    rules, submitted_by = releases.rules, submitter(entries, record.version)
    return {
        "version": record.version,
        "semantic_version": record.semantic_version,
        "state": standing,
        "submitted_by": submitted_by,
        "approvers": {a.name: a.role for a in rules.approvers},
        "may_approve": [
            a.name
            for a in rules.approvers
            if not rules.refusal(
                "approve", a.name, submitter=submitted_by, failed=record.unmet
            )
        ],
        "four_eyes": rules.four_eyes,
        "failed": list(record.failed),
    }


def _show(record: Record, told: dict[str, Any], env: str | None) -> None:
    """Print the checks as a table, and what can be done."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=width(), highlight=False)
    console.print(
        f"{record.named}: {escape(told['state'])}, submitted by {told['submitted_by']}",
        soft_wrap=True,
    )
    table = Table("check", "outcome", "what was found", expand=True)
    findings = record.review.findings if record.review else ()
    for found in findings:
        colour = _COLOURS.get(found.outcome, "dim")
        outcome = f"[{colour}]{found.outcome}[/{colour}]"
        table.add_row(found.name, outcome, escape(_short(found.found)))
    console.print(table)
    todo = [f"{found.name}: {found.todo}" for found in findings if found.todo]
    for line in (*todo, *_next(record, told, env)):
        console.print(escape(told_for(env, line)), soft_wrap=True)


def _short(text: str) -> str:
    """Return what fits a cell; the whole of it is told with --json."""
    return text if len(text) <= _MOST else f"{text[: _MOST - 2]} …"


def _next(record: Record, told: dict[str, Any], env: str | None) -> list[str]:
    """Return who may decide and with which command, where there is a choice."""
    name = record.semantic_version or record.version
    figures = f"all figures: {in_env(f'kedro churn review {name} --json', env)}"
    if told["state"] not in ("pending", "registered"):
        return [figures]
    approve = f"  {in_env(f'kedro churn approve {name} --reason WHY', env)}"
    is_open = not told["approvers"] and not record.unmet
    return [
        f"who may decide: {_deciders(told)}",
        *([approve] if told["may_approve"] or is_open else []),
        f"  {in_env(f'kedro churn reject {name} --reason WHY', env)}",
        figures,
    ]


def _deciders(told: dict[str, Any]) -> str:
    """Return who may approve a version, and whom four eyes keep from it."""
    if not told["approvers"]:
        return "nobody is named in release.approvers"
    may, roles, who = told["may_approve"], told["approvers"], told["submitted_by"]
    names = ", ".join(f"{name} ({roles[name]})" for name in may)
    if told["four_eyes"] and who in roles:
        other = f"another person than {who}, who submitted it (release.four_eyes)"
        return f"{other}: {names or 'name one in release.approvers'}"
    return names or "nobody in release.approvers is approver or admin; name one"


_MOST = 220
