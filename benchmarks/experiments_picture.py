"""The picture: false alarms by the number of customers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def draw(curves: tuple[Floats, Floats], level: float, path: Path) -> None:
    """Write it, of the sequential test and of a test that is peeked at."""
    width, height, left, bottom = 720, 340, 62, 46
    n = len(curves[0])
    top = 5 * np.ceil(100 * max(c[-1] for c in curves) / 5)

    def x(customers: float) -> float:
        return left + customers / (2 * n) * (width - left - 150)

    def y(percent: float) -> float:
        return height - bottom - percent / top * (height - bottom - 20)

    def line(percent: Floats, colour: str, name: str, lift: int = -4) -> str:
        at = np.unique(np.linspace(0, n - 1, 200).astype(int))
        points = " ".join(f"{x(2 * i + 2):.1f},{y(100 * percent[i]):.1f}" for i in at)
        return (
            f'<polyline points="{points}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/><text x="{x(2 * n) + 6:.0f}" '
            f'y="{y(100 * percent[-1]) - lift:.0f}" fill="{colour}">{name}</text>'
        )

    grid = "".join(
        f'<line x1="{left}" x2="{x(2 * n):.0f}" y1="{y(p):.1f}" y2="{y(p):.1f}" '
        f'stroke="#8886"/><text x="{left - 8}" y="{y(p) + 4:.1f}" text-anchor="end" '
        f'fill="#888">{p:g} %</text>'
        for p in np.linspace(0, top, 6)
    ) + "".join(
        f'<text x="{x(c):.0f}" y="{height - bottom + 18}" text-anchor="middle" '
        f'fill="#888">{c:,.0f}</text>'
        for c in np.linspace(0, 2 * n, 5)
    )
    stated = np.full(n, level)
    body = (
        grid
        + line(stated, "#888", f"stated: {100 * level:g} %", 2)
        + line(curves[1], "#d1495b", "t-test, peeked at")
        + line(curves[0], "#2e86ab", "sequential", -8)
        + f'<text x="{left}" y="14" fill="#888">equal models told apart, share of '
        f'runs</text><text x="{x(n):.0f}" y="{height - 6}" text-anchor="middle" '
        'fill="#888">customers so far, looked at after each</text>'
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12">{body}</svg>\n',
        "utf-8",
    )
