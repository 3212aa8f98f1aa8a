"""`kedro churn summary`: the table that `make run` ends with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from churn_pipeline.cli.project import env_option
from churn_pipeline.cli.registry import describe, refusals, releases_of
from churn_pipeline.cli.wording import columns

_COLUMNS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average prec.",
    "log_loss": "log loss",
    "calibration_error": "calib. error",
    "profit": "profit each",
}
_COMMANDS = {
    "make serve": "answer requests on http://localhost:3000",
    "make lab": "open the notebooks in JupyterLab",
    "make viz": "look at the pipelines, tables and plots in kedro-viz",
    "kedro churn status": "see which model serves, and how good it is",
}


@click.command()
@env_option
def summary(env: str | None) -> None:
    """Show the champion beside its baselines and the ceiling, and what to run next.

    Example: kedro churn summary --env telco
    """
    with refusals():
        found = describe(releases_of(env))
    if found["version"] is None:
        raise click.ClickException("no champion yet: start with `kedro run`")
    print_summary(found, found["version"])


def print_summary(metrics: Mapping[str, Any], version: str) -> None:
    """Print the headline metrics of a version and the next four commands.

    Args:
        metrics: Metric -> value, with `<metric>_low` and `<metric>_high`, the
            baselines' under `baselines.<name>.` and the ceiling's under `ceiling_`.
        version: The version.
    """
    names = dict.fromkeys(
        name.split(".")[1] for name in metrics if name.startswith("baselines.")
    )
    family = metrics.get("family")
    rows = [(f"{family} (champion)", *_cells(metrics, ""))]
    rows += [
        (name, *_cells(metrics, f"baselines.{name}."))
        for name in names
        if name != family
    ]
    if "ceiling_roc_auc" in metrics:
        rows.append(("true hazard", *_cells(metrics, "ceiling_")))
    number = metrics.get("semantic_version")
    name = f"{number} ({version})" if number else version
    click.echo(f"Champion {name} on the test split")
    click.echo("\n".join(columns([("", *_COLUMNS.values()), *rows])))
    width = max(len(command) for command in _COMMANDS)
    click.echo("Next:")
    for command, meaning in _COMMANDS.items():
        click.echo(f"  {command:<{width}}  {meaning}")


def _cells(metrics: Mapping[str, Any], prefix: str) -> list[str]:
    """Return each headline metric, the first with its interval."""
    cells = [_cell(metrics.get(f"{prefix}{name}"), name) for name in _COLUMNS]
    low, high = (metrics.get(f"{prefix}roc_auc_{end}") for end in ("low", "high"))
    if low is not None and high is not None:
        cells[0] += f" ({low:.3f} to {high:.3f})"
    return cells


def _cell(value: float | None, name: str) -> str:
    """Return a metric as text, "-" where it is not known."""
    return "-" if value is None else f"{value:,.{2 if name == 'profit' else 4}f}"
