"""The replay as one picture: profit, ROC AUC and calibration, alarms and releases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from churn_pipeline.evaluation.figure_style import BLUE, GREEN, GREYS, GRID, INK, RED
from churn_pipeline.replay.figures import Figures
from churn_pipeline.replay.result import FROZEN, HAZARD, LOOP, MONTHLY, Replayed

WIDTH, LEFT, RIGHT = 960, 70, 16
HIGH, GAP, TOP = 150, 34, 66
_STYLES = {
    HAZARD: (GREYS[1], 1.2, "2 3"),
    MONTHLY: (GREEN, 1.6, ""),
    FROZEN: (RED, 1.6, "6 4"),
    LOOP: (BLUE, 2.6, ""),
}
"""Colour, width and dashes of each line, the last on top."""
_TICKS = 5
_PALE = "#fef3c7"


@dataclass(frozen=True)
class _Panel:
    """One row of the picture."""

    title: str
    value: Callable[[Figures], float | None]
    names: Sequence[str]


def draw(found: Replayed) -> str:
    """Return the picture as SVG that stands by itself."""
    panels = _panels(found)
    lanes = TOP + len(panels) * (HIGH + GAP)
    height = lanes + 84
    parts = [
        _text(LEFT, 18, _headline(found), size=15),
        *_legend(found),
        *_planted(found, lanes),
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, found, TOP + number * (HIGH + GAP))
    parts += _lanes(found, lanes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _panels(found: Replayed) -> list[_Panel]:
    names = [name for name in _STYLES if name in found.months[0].figures]
    models = [name for name in names if name != HAZARD]
    of = "by the true hazard" if HAZARD in names else "by the labels"
    return [
        _Panel(f"profit, {found.currency} a customer, {of}", lambda f: f.profit, names),
        _Panel("ROC AUC, by the labels", lambda f: f.roc_auc, names),
        _Panel(
            "calibration error, by the labels (lower is better)",
            lambda f: f.calibration,
            models,
        ),
    ]


def _headline(found: Replayed) -> str:
    share = found.recovered()
    told = "nothing was lost" if share is None else f"{share:.0%} of the loss recovered"
    return (
        f"{len(found.months)} {found.unit}s of {found.dataset}: {told} with "
        f"{found.retrainings} retrainings instead of {found.retrainings_monthly}"
    )


def _x(number: int, found: Replayed) -> float:
    room = WIDTH - LEFT - RIGHT
    return LEFT + (number + 0.5) * room / len(found.months)


def _panel(panel: _Panel, found: Replayed, top: float) -> Iterator[str]:
    """Yield the axes and lines of a panel."""
    lines = {
        name: [panel.value(month.figures[name]) for month in found.months]
        for name in panel.names
    }
    known = [v for values in lines.values() for v in values if v is not None]
    yield _text(LEFT, top - 8, panel.title, size=13)
    if not known:
        return
    ticks = _ticks(min(known), max(known))

    def y(value: float) -> float:
        return top + HIGH * (ticks[-1] - value) / (ticks[-1] - ticks[0])

    for tick in ticks:
        yield _line(LEFT, y(tick), WIDTH - RIGHT, y(tick), GRID)
        yield _text(LEFT - 8, y(tick) + 4, f"{round(tick, 6):g}", anchor="end")
    for name, values in lines.items():
        points = [
            f"{_x(i, found):.1f},{y(value):.1f}"
            for i, value in enumerate(values)
            if value is not None
        ]
        colour, width, dashes = _STYLES[name]
        yield (
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" '
            f'stroke-width="{width}" stroke-dasharray="{dashes or "none"}"/>'
        )


def _planted(found: Replayed, bottom: float) -> Iterator[str]:
    """Yield what was planted, over all panels: what ended below, names on top."""
    high = bottom - GAP + 4
    half = (_x(1, found) - _x(0, found)) / 2
    dates, told = [month.date for month in found.months], []
    for number, planted in enumerate(found.planted):
        end = planted.end or dt.date.max
        inside = [i for i, date in enumerate(dates) if planted.start <= date < end]
        if not inside:
            continue
        x = _x(inside[0], found) - half
        if planted.end is not None:
            wide = _x(inside[-1], found) + half - x
            yield (
                f'<rect x="{x:.1f}" y="{TOP - 4}" width="{wide:.1f}" '
                f'height="{high - TOP + 4:.0f}" fill="{_PALE}"/>'
            )
        told.append(_line(x, TOP - 4, x, high, GREYS[0], dashes="3 3"))
        told.append(_text(x + 3, TOP + 8 + 13 * (number % 2), planted.name, size=11))
    yield from told


def _legend(found: Replayed) -> Iterator[str]:
    words = {
        HAZARD: "true hazard",
        MONTHLY: f"retrained every {found.unit}",
        FROZEN: "never retrained",
        LOOP: "the loop",
    }
    x = LEFT
    for name, (colour, width, dashes) in _STYLES.items():
        if name not in found.months[0].figures:
            continue
        yield _line(x, 36, x + 26, 36, colour, width=width, dashes=dashes)
        yield _text(x + 32, 40, words[name])
        x += 60 + 7 * len(words[name])


def _lanes(found: Replayed, top: float) -> Iterator[str]:
    """Yield alarms, models made and releases, month by month."""
    names = ("alarms", "models", "")
    for number, name in enumerate(names):
        yield _text(LEFT - 8, top + 4 + 20 * number, name, anchor="end")
    step = max(1, round(len(found.months) / 12))
    for i, month in enumerate(found.months):
        x = _x(i, found)
        if month.alerts:
            told = ", ".join(month.alerts)
            yield _dot(x, top, RED, told)
        if month.action != "nothing":
            yield _dot(x, top + 20, BLUE if month.released else GREYS[0], month.decided)
        if month.released:
            yield _text(x, top + 44, month.released, anchor="middle", size=10)
        if i % step == 0:
            yield _text(x, top + 66, f"{month.date:%Y-%m-%d}"[: found.shown], "middle")
    yield _text(
        WIDTH - RIGHT,
        top + 80,
        "models: blue released, with its version, grey refused by its gate",
        anchor="end",
        size=10,
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers that hold both between them."""
    rough = max(high - low, 1e-9) / _TICKS
    scale = 10.0 ** np.floor(np.log10(rough))
    step = next(scale * n for n in (1, 2, 2.5, 5, 10) if scale * n >= rough)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [float(step * n) for n in np.arange(first, max(last, first + 1) + 1)]


def _line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    colour: str,
    *,
    width: float = 1,
    dashes: str = "",
) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}" '
        f'stroke-dasharray="{dashes or "none"}"/>'
    )


def _dot(x: float, y: float, colour: str, told: str) -> str:
    title = f"<title>{escape(told)}</title>"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}">{title}</circle>'


def _text(
    x: float, y: float, text: str, anchor: str = "start", *, size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
        f"{escape(text)}</text>"
    )
