"""The model card: one page that tells a manager what the model is and what it is worth.

It stands on its own: no script, no second file, readable in light and dark, on a phone
and on paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churn_pipeline.evaluation import svg
from churn_pipeline.evaluation.curves import thin
from churn_pipeline.evaluation.page import drawn, fill
from churn_pipeline.evaluation.plots import Judged

TOP_FEATURES = 12
SECTIONS = (
    "What it is for",
    "How good it is",
    "Beside other models",
    "What it is worth",
    "For whom it works",
    "Whether it treats people alike",
    "What it leans on",
    "How it behaves",
    "Limits",
    "Where it comes from",
)
"""Headings of a card: without one of them it is not complete."""
_TEMPLATE = Path(__file__).with_name("card.html")


@dataclass(frozen=True)
class CardFacts:
    """What the card tells, beside the figures.

    Attributes:
        version: Version of the model.
        dataset: Name of the data set.
        family: Kind of model.
        fitted_rows: How many rows it was fit on.
        label: The label rule in words.
        dates: First and last observation date of the test rows, ISO.
        candidates: Names of the candidates.
        segments: Rows with `segment`, `level` and the metrics.
        fairness: Rows with `column`, `group` and the rates.
        importance: Topic -> how far it moves the log-odds on average, falling.
        descriptions: Topic -> what it is, in words.
        comparison: What the gate read.
        behaviour: Outcomes of the behavioural tests.
        verdict: What the gate said: `approved`, `reasons`.
        confidence: Of the intervals, in (0, 1).
        hashes: Name -> sha256 of what the model was made from.
        packages: Package -> version that made it.
        doubts: What makes the figures look better than they are, in words.
    """

    version: str
    dataset: str
    family: str
    fitted_rows: int
    label: str
    dates: tuple[str, str]
    candidates: Sequence[str]
    segments: Sequence[Mapping[str, Any]]
    fairness: Sequence[Mapping[str, Any]]
    importance: Mapping[str, float]
    descriptions: Mapping[str, str]
    comparison: Mapping[str, Any]
    behaviour: Sequence[Mapping[str, Any]]
    verdict: Mapping[str, Any]
    confidence: float
    hashes: Mapping[str, str]
    packages: Mapping[str, str]
    doubts: Sequence[str] = ()


def write_card(judged: Judged, facts: CardFacts) -> str:
    """Return the model card as an HTML page.

    Args:
        judged: Labels, probabilities and metrics of the test rows.
        facts: What else the card tells.
    """
    return fill(
        _TEMPLATE,
        m=judged.metrics,
        facts=facts,
        top=TOP_FEATURES,
        decision=judged.decision,
        currency=judged.currency,
        charts={name: drawn(svg) for name, svg in _drawings(judged, facts).items()},
        rows=_model_rows(judged, facts),
    )


def _drawings(judged: Judged, facts: CardFacts) -> dict[str, str]:
    top = list(facts.importance.items())[:TOP_FEATURES]
    return {
        "gains": _draw_gains(judged),
        "calibration": _draw_calibration(judged),
        "profit": _draw_profit(judged),
        "importance": svg.bars([name for name, _ in top], [value for _, value in top]),
    }


def _draw_gains(judged: Judged) -> str:
    found = judged.curves
    kept = thin(found.share.size, 200)
    return svg.chart(
        [
            svg.Line([0, 1], [0, 1], "chance", "chance"),
            svg.Line(found.share[kept], found.recall[kept], "main", "this model"),
        ],
        x_label="customers contacted",
        y_label="churners among them",
        x_percent=True,
        y_percent=True,
    )


def _draw_calibration(judged: Judged) -> str:
    bins = judged.bins
    top = max(bins.predicted.max(), bins.observed.max())
    return svg.chart(
        [
            svg.Line([0, top], [0, top], "chance", "as predicted"),
            svg.Line(bins.predicted, bins.observed, "main"),
            svg.Line(bins.predicted, bins.observed, "dots", "a fifteenth of the rows"),
        ],
        x_label="predicted churn",
        y_label="observed churn",
        x_percent=True,
        y_percent=True,
    )


def _draw_profit(judged: Judged) -> str:
    curve = judged.profit_curve
    kept = thin(curve.share.size, 200)
    chosen = judged.metrics["contacted_share"], judged.metrics["profit"]
    return svg.chart(
        [
            svg.Line([0, 1], [0, 0], "chance", "doing nothing"),
            svg.Line(curve.share[kept], curve.profit[kept], "main", "profit"),
            svg.Line([chosen[0]], [chosen[1]], "mark", "chosen threshold"),
        ],
        x_label="customers contacted",
        y_label=f"{judged.currency} a customer",
        x_percent=True,
    )


def _model_rows(judged: Judged, facts: CardFacts) -> list[dict[str, Any]]:
    """Return the models to compare, each with its metrics."""
    metrics = judged.metrics

    def pick(prefix: str) -> dict[str, float | None]:
        """Return the compared metrics of the model of a prefix, None where absent."""
        names = (
            "roc_auc",
            "average_precision",
            "log_loss",
            "calibration_error",
            "profit",
        )
        return {name: metrics.get(f"{prefix}{name}") for name in names}

    rows: list[dict[str, Any]] = [{"name": f"this model ({facts.family})", **pick("")}]
    others = [name for name in facts.candidates if name != facts.family]
    rows += [{"name": name, **pick(f"baselines.{name}.")} for name in others]
    champion = facts.comparison["champion"]
    theirs = facts.comparison["theirs"]
    name = (
        f"champion {champion['version']}"
        if champion["state"] == "usable"
        else "base rate for everybody"
    )
    rows.append({**theirs, "name": name})
    if champion["state"] != "usable":
        # One probability for all is right on average and tells nobody apart.
        rows[-1]["calibration_error"] = None
    if "ceiling_roc_auc" in metrics:
        rows.append({"name": "true hazard (the ceiling)", **pick("ceiling_")})
    return rows
