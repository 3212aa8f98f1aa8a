"""`kedro churn summary`: the table that `make run` ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from churn_pipeline.cli.advice import activation, in_env
from churn_pipeline.cli.project import env_option
from churn_pipeline.cli.registry import currency_of, refusals, reigning
from churn_pipeline.cli.wording import interval

_COMMANDS = {
    "make serve": "answer requests on http://localhost:3000",
    "make lab": "open the notebooks in JupyterLab",
    "make viz": "look at pipelines, tables and plots in kedro-viz",
    "kedro churn status": "see which model serves, since when and why",
}


@click.command()
@env_option
def summary(env: str | None) -> None:
    """Show the champion beside its baselines and the ceiling, and what to run next.

    Example: kedro churn summary --env telco
    """
    with refusals():
        found, _ = reigning(env)
        lines = summary_lines(found, currency=currency_of(env))
    click.echo("\n".join([*lines, "", *next_lines(env)]))


def summary_lines(found: Mapping[str, Any], *, currency: str) -> list[str]:
    """Return the headline metrics of the champion and of the others, as a table.

    Args:
        found: Metric -> value, with `<metric>_low` and `<metric>_high`, the
            baselines' under `baselines.<name>.`, the ceiling's under `ceiling_`;
            `dataset`, `version`, `semantic_version` and `family` of the champion.
        currency: Of the profit.
    """
    names = dict.fromkeys(
        name.split(".")[1] for name in found if name.startswith("baselines.")
    )
    rows = [(f"* {found['family']}", *_cells(found, ""))]
    rows += [
        (f"  {name}", *_cells(found, f"baselines.{name}."))
        for name in names
        if name != found["family"]
    ]
    if "ceiling_roc_auc" in found:
        rows.append(("  true hazard", *_cells(found, "ceiling_")))
    number = found["semantic_version"]
    name = f"{number} ({found['version']})" if number else found["version"]
    head = [
        ("", "ROC AUC", "interval", "avg.", "top 10%", "log", "calib.", "profit,"),
        ("", "", "", "prec.", "lift", "loss", "error", f"{currency} each"),
    ]
    return [
        f"Champion of {found['dataset']}: {found['family']} {name}",
        "",
        *_table([*head, *rows]),
        *_legend(found),
    ]


def next_lines(env: str | None) -> list[str]:
    """Return the four next commands, as they are to be typed in this shell."""
    commands = {in_env(name, env): what for name, what in _COMMANDS.items()}
    widest = max(map(len, commands))
    lines = [f"  {name:<{widest}}  {what}" for name, what in commands.items()]
    if first := activation():
        lines.insert(0, f"  {first:<{widest}}  once in each shell, for `kedro`")
    return ["Next:", *lines]


def _legend(found: Mapping[str, Any]) -> list[str]:
    rows, threshold = found.get("n_rows"), found.get("threshold")
    noise = found.get("calibration_error_noise")
    where = "the test split" if rows is None else f"{rows:,.0f} rows of the test split"
    notes = [f"* champion; all on {where}"]
    if found.get("refit"):
        notes.append(f"measured before its refit on all {found['fitted_rows']:,} rows")
    if threshold is not None:
        even = f"{threshold:.3f} at the usual value"
        notes.append(f"profit of calls from the break-even on: {even}")
    if noise is not None:
        notes.append(f"of its calibration error, up to {noise:.3f} is chance")
    return [f"{'' if note[0] == '*' else '  '}{note}" for note in notes]


def _cells(found: Mapping[str, Any], prefix: str) -> list[str]:
    """Return the headline metrics of one model, "-" for what is not known."""

    def cell(name: str, decimals: int = 3) -> str:
        value = found.get(f"{prefix}{name}")
        return "-" if value is None else f"{value:,.{decimals}f}"

    return [
        cell("roc_auc"),
        interval(found, f"{prefix}roc_auc", 3) or "-",
        cell("average_precision"),
        cell("top_decile_lift", 2),
        cell("log_loss"),
        cell("calibration_error"),
        cell("profit", 2),
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table of at most 80 columns: names to the left, numbers to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                f"{name:<{widths[0]}}",
                *(f"{c:>{w}}" for c, w in zip(cells, widths[1:], strict=True)),
            ]
        ).rstrip()
        for name, *cells in rows
    ]
