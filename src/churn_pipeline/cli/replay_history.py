"""`kedro churn replay-history`: how the loop would have done over months that were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.environment import require_environment

if TYPE_CHECKING:
    from churn_pipeline.replay.result import Month, Replayed
    from churn_pipeline.replay.settings import Settings

OUT = "data/08_reporting/{dataset}/replay"


@click.command(name="replay-history")
@env_option
@click.option(
    "--months",
    "steps",
    type=click.IntRange(4, 200),
    help="Steps to replay: months, "
    "of a data set of its own weeks; left out: as replay.steps says.",
)
@click.option("--customers", type=click.IntRange(200), help="Of the simulated company.")
@click.option("--seed", type=int, help="Of everything random.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for replay.json and replay.svg.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object on standard out."
)
def replay_history(
    *,
    env: str | None,
    steps: int | None,
    customers: int | None,
    seed: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Operate the loop over a history, beside a frozen model and a monthly one.

    Example: kedro churn replay-history --json
    """
    from churn_pipeline.replay.keep import keep
    from churn_pipeline.replay.run import replay
    from churn_pipeline.replay.settings import Settings

    project = project_folder()
    asked = {"steps": steps, "customers": customers}
    parameters, raw = _loaded(project, env)
    parameters["replay"] |= {k: v for k, v in asked.items() if v is not None}
    if seed is not None:
        parameters["seed"] = seed
    try:
        settings = Settings.of(parameters)
        found = replay(_world(settings, raw), settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    folder = out or project / OUT.format(dataset=found.dataset)
    written = keep(found, folder)
    if as_json:
        click.echo(json.dumps(found.summary(), indent=1))
        return
    _show(found)
    click.echo(f"Written: {', '.join(map(str, written))}")


def _loaded(project: Path, env: str | None) -> tuple[dict[str, Any], Any]:
    """Return the parameters of an environment, and what loads its raw tables."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    if env is not None:
        try:
            require_environment(env, project / "conf")
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    bootstrap_project(project)
    context = KedroSession.create(project, env=env).load_context()
    return dict(context.config_loader["parameters"]), context.catalog


def _world(settings: Settings, catalog: Any) -> Any:
    """Return the history: simulated, or that of the data set's raw tables."""
    from churn_pipeline.replay.recorded import recorded_world
    from churn_pipeline.replay.simulated import simulate_world

    if settings.replay.planted is not None:
        return simulate_world(settings)
    tables = ("customers", "transactions", "contracts")
    return recorded_world({n: catalog.load(f"raw_{n}") for n in tables}, settings)


def _show(found: Replayed) -> None:
    """Print what came of each step, and of all."""
    from rich.console import Console
    from rich.table import Table

    ways = found.ways
    unit = f"{found.currency} a customer"
    table = Table(title=f"Profit, {unit}, and what the loop did")
    table.add_column(found.unit)
    for name in ways:
        table.add_column(name, justify="right")
    table.add_column("AUC", justify="right")
    table.add_column("calib.", justify="right")
    table.add_column("done !alarms")
    for month in found.months:
        table.add_row(*_row(month, found))
    console = Console()
    console.print(table)
    console.print(_headline(found))


def _row(month: Month, found: Replayed) -> list[str]:
    """Return the cells of a step; ROC AUC and calibration are the loop's."""
    loop = month.figures["loop"]
    told = f"{month.date}"[: found.shown]
    profits = [_number(month.figures[name].profit, 2) for name in found.ways]
    return [
        told,
        *profits,
        _number(loop.roc_auc, 3),
        _number(loop.calibration, 3),
        _done(month),
    ]


def _done(month: Month) -> str:
    """Return what the loop did in a step, in a few words."""
    alarms = f"!{len(month.alerts)}" if month.alerts else ""
    if month.action == "nothing":
        done = "held" if month.held else ""
    else:
        short = {"recalibrate": "recal."}.get(month.action, month.action)
        done = f"{short} {month.released or 'refused'}"
    return " ".join(filter(None, (done, alarms)))


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _headline(found: Replayed) -> str:
    """Return what came of all steps, as a few lines."""
    share, most = found.recovered(), found.retrainings_monthly
    earned = ", ".join(f"{name} {found.earned(name):.2f}" for name in found.ways)
    told = "the frozen model lost nothing" if share is None else f"{share:.0%}"
    lines = [
        f"Profit a {found.unit}, {found.currency} a customer: {earned}",
        f"Of what the frozen model lost against the {found.unit}ly one, recovered: "
        f"{told}, with {found.retrainings} retrainings instead of {most} and "
        f"{found.recalibrations} recalibrations",
    ]
    if of_truth := found.recovered("truth") if "truth" in found.ways else None:
        lines.append(f"Of what it lost against the true hazard: {of_truth:.0%}")
    return "\n".join(lines)
