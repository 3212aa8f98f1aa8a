"""Small charts as SVG text, for a page that must weigh little and work anywhere.

Colours are CSS classes, so that the page decides what is light and what is dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 12, 46
_SMALL = 1e-12


@dataclass(frozen=True)
class Line:
    """A line or a row of points.

    Attributes:
        x: (n,), positions.
        y: (n,), positions.
        style: CSS class: `main`, `other`, `chance`, `dots` or `mark`; the last two are
            drawn as points.
        name: Shown when the pointer rests on it.
    """

    x: ArrayLike
    y: ArrayLike
    style: str
    name: str = ""


def chart(
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    x_percent: bool = False,
    y_percent: bool = False,
) -> str:
    """Return lines on axes that hold them all, as SVG.

    Args:
        lines: What is drawn, the last on top.
        x_label: What runs along, with its unit.
        y_label: What runs up, with its unit.
        x_percent: Whether the numbers along are shares, shown in percent.
        y_percent: The same for those that run up.
    """
    x_ticks = _ticks(np.concatenate([np.asarray(line.x, float) for line in lines]))
    y_ticks = _ticks(np.concatenate([np.asarray(line.y, float) for line in lines]))

    def place(x: ArrayLike, y: ArrayLike) -> list[tuple[float, float]]:
        along = _scaled(x, x_ticks, LEFT, WIDTH - RIGHT)
        up = _scaled(y, y_ticks, HEIGHT - BOTTOM, TOP)
        return [(float(a), float(b)) for a, b in zip(along, up, strict=True)]

    grid = []
    for tick in x_ticks:
        (at, _), *_ = place([tick], [y_ticks[0]])
        grid.append(_line(at, TOP, at, HEIGHT - BOTTOM))
        grid.append(_text(at, HEIGHT - BOTTOM + 16, _number(tick, x_percent), "middle"))
    for tick in y_ticks:
        (_, at), *_ = place([x_ticks[0]], [tick])
        grid.append(_line(LEFT, at, WIDTH - RIGHT, at))
        grid.append(_text(LEFT - 6, at + 4, _number(tick, y_percent), "end"))
    drawn = [_drawn(line, place(line.x, line.y)) for line in lines]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    labels = [
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, "middle"),
        f'<text transform="translate(14 {middle:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>',
    ]
    inside = "".join([*grid, *drawn, *labels])
    title = escape(f"{y_label} by {x_label}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f"{inside}</svg>"
    )


def bars(names: Sequence[str], values: Sequence[float]) -> str:
    """Return bars beside their names, the first on top, as SVG.

    Args:
        names: Name of each bar.
        values: Length of each, 0 or more; shown behind it.
    """
    row, start, longest = 22, 180, WIDTH - 180 - 60
    top = max([*values, _SMALL])
    drawn = []
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        length = max(0.0, value) / top * longest
        y = 4 + i * row
        shown = name if len(name) <= 26 else f"{name[:25]}…"  # noqa: PLR2004 - fits
        drawn.append(_text(start - 8, y + 13, shown, "end"))
        drawn.append(
            f'<rect class="bar" x="{start}" y="{y}" width="{length:.1f}" height="16"/>'
        )
        drawn.append(_text(start + length + 6, y + 13, f"{value:.4f}", "start"))
    height = 8 + row * len(names)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(", ".join(names))}">{"".join(drawn)}</svg>'
    )


def tiny_bars(values: Sequence[float]) -> str:
    """Return bars side by side without axes, to stand in a table's cell, as SVG.

    Args:
        values: Height of each, 0 or more.
    """
    top = max([*values, _SMALL])
    steps = "".join(f"v-{20 * v / top:.0f}h9v{20 * v / top:.0f}h1" for v in values)
    return (
        f'<svg class="tiny" viewBox="0 0 {10 * max(1, len(values))} 20" '
        f'preserveAspectRatio="none"><path d="M0 20{steps}"/></svg>'
    )


def _drawn(line: Line, points: list[tuple[float, float]]) -> str:
    title = f"<title>{escape(line.name)}</title>" if line.name else ""
    if line.style in ("dots", "mark"):
        return "".join(
            f'<circle class="{line.style}" cx="{x:.1f}" cy="{y:.1f}" r="5">{title}'
            "</circle>"
            for x, y in points
        )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{line.style}" points="{path}">{title}</polyline>'


def _ticks(values: np.ndarray) -> list[float]:
    """Return four to seven round numbers that hold all values between them."""
    low, high = float(values.min()), float(values.max())
    rough = max(high - low, _SMALL) / 5
    scale = 10.0 ** np.floor(np.log10(rough))
    step = next(scale * n for n in (1, 2, 2.5, 5, 10) if scale * n >= rough)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [float(step * n) for n in np.arange(first, last + 1)]


def _scaled(
    values: ArrayLike, ticks: list[float], start: float, end: float
) -> np.ndarray:
    span = max(ticks[-1] - ticks[0], _SMALL)
    return start + (np.asarray(values, float) - ticks[0]) / span * (end - start)


def _number(value: float, percent: bool) -> str:
    return f"{100 * value:g} %" if percent else f"{round(value, 10):,g}"


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
