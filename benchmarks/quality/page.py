"""The page about the results: tables, what is missing, and a picture."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import yaml

from benchmarks.quality.figures import COMPARED
from benchmarks.quality.models import MODELS
from benchmarks.quality.ours import NET, SETTINGS
from benchmarks.quality.results import Results
from benchmarks.quality.sets import SETS, SNAPSHOTS

TITLES = {
    "telco": "Telco",
    "bank": "Bank",
    "cell2cell": "Cell2Cell",
    "retail": "Online shop, by time",
    "company": "Simulated company, by time",
    "cards": "Cards",
    "bigml": "Telecom",
    "iranian": "Iranian telecom",
    "ecommerce": "E-commerce",
}
_TEMPLATE = Path(__file__).with_name("page.md")
_HEAD = (
    "",
    "ROC AUC",
    "mean of folds",
    "average precision",
    "log loss",
    "Brier",
    "calibration error (95 % band)",
    "slope",
    "seconds",
    "processor seconds (tuning)",
    "threads",
    "version",
)


def write_page(results: Results, path: Path) -> None:
    """Write the page, and its picture beside it where there is something to draw."""
    picture = path.with_suffix(".svg")
    drawn = ""
    if any(NET in models for models in results.pooled.values()):
        from benchmarks.quality.picture import draw

        draw(results.pooled, picture)
        drawn = f"\n![Log loss and ROC AUC of the peers less ours]({picture.name})\n"
    tables = "\n\n".join(_section(results, name) for name in SETS)
    tables = f"{_overview(results)}\n\n{tables}"
    page = Template(_TEMPLATE.read_text("utf-8"))
    shipped = yaml.safe_load(SETTINGS.read_text("utf-8"))["training"]["tuning"]
    text = page.substitute(picture=drawn, tables=tables, trials=shipped["n_trials"])
    path.write_text(f"{text}\n", "utf-8")


def _overview(results: Results) -> str:
    """Return the main figures of every model on every data set, as Markdown."""
    rows = []
    for model in MODELS:
        found = [results.pooled.get(name, {}).get(model) for name in SETS]
        means = [
            f"{np.mean([figures[metric] for figures in found]):.4f}"
            for metric in ("roc_auc", "log_loss")
            if all(found)
        ]
        cells = [_main_figures(figures) if figures else "" for figures in found]
        rows.append([model, *cells, " / ".join(means)])
    head = ("", *(TITLES[name] for name in SETS), "mean")
    return (
        "## Overview\n\nROC AUC / log loss / calibration error, each of all test rows; "
        f"empty where not measured on every fold.\n\n{_table(head, rows)}"
    )


def _main_figures(figures: dict[str, Any]) -> str:
    return (
        f"{figures['roc_auc']:.4f} / {figures['log_loss']:.4f} / "
        f"{figures['calibration_error']:.3f}"
    )


def _section(results: Results, name: str) -> str:
    """Return what is known of a data set, as Markdown."""
    parts = [f"## {TITLES[name]}"]
    if name in results.sets:
        parts.append(_sentence(results.sets[name], SNAPSHOTS.get(name)))
    models = results.pooled.get(name, {})
    found = {model: models[model] for model in MODELS if model in models}
    if found:
        parts.append(_table(_HEAD, [_row(m, f) for m, f in found.items()]))
    compared = [_differences(m, f) for m, f in found.items() if "less_net" in f]
    if compared:
        parts.append("A peer's metric less ours:")
        parts.append(_table(("", *map(_spelled, COMPARED)), compared))
    missing = _missing(results, name)
    if missing:
        parts.append(f"Not measured yet: {', '.join(missing)}.")
    return "\n\n".join(parts)


def _sentence(known: dict[str, Any], folds: int | None) -> str:
    test = f"{folds} folds" if folds else f"{known['test_rows']:,} rows of them test"
    return (
        f"{known['rows']:,} rows, {known['numbers']} numbers and {known['categories']} "
        f"categories, {100 * known['churn_rate']:.1f} % of the test rows churn; {test}."
    )


def _row(name: str, figures: dict[str, Any]) -> list[str]:
    error, band = figures["calibration_error"], figures["calibration_band"]
    mean = figures["mean"]
    tuning = mean["tuning_cpu_seconds"]
    return [
        f"**{name}**" if name == NET else name,
        f"{figures['roc_auc']:.4f}",
        f"{mean['roc_auc']:.4f}",
        f"{figures['average_precision']:.4f}",
        f"{figures['log_loss']:.4f}",
        f"{figures['brier']:.4f}",
        f"{error:.4f} ({'in' if error <= band else 'over'} {band:.4f})",
        f"{figures['calibration_slope']:.2f}",
        _seconds(mean["seconds"]),
        _seconds(mean["cpu_seconds"]) + (f" ({_seconds(tuning)})" if tuning else ""),
        " or ".join(map(str, figures["threads"])),
        figures["version"],
    ]


def _differences(name: str, figures: dict[str, Any]) -> list[str]:
    found = figures["less_net"]
    return [name, *(_interval(*found[metric]) for metric in COMPARED)]


def _interval(difference: float, low: float, high: float) -> str:
    sure = low > 0 or high < 0
    text = f"{difference:+.4f} ({low:+.4f} to {high:+.4f})"
    return f"**{text}**" if sure else text


def _missing(results: Results, name: str) -> list[str]:
    """Return the models that are not measured on all folds, with how many are."""
    wanted = SNAPSHOTS.get(name, 1)
    done = {model: len(results.of(name, model)) for model in MODELS}
    if not any(done.values()):
        return ["any model"]
    return [
        f"{model} ({n} of {wanted} folds)" for model, n in done.items() if n < wanted
    ]


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _spelled(name: str) -> str:
    return {"roc_auc": "ROC AUC", "brier": "Brier"}.get(name, name.replace("_", " "))


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
