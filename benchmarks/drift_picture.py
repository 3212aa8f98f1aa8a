"""The picture: planted drifts by week, and what quiet weeks are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

ALARM, SEEN, CALM, INK = "#b3261e", "#f0a94b", "#c9d3df", "#5b6675"
LEFT, CELL, HIGH, TOP = 150, 17, 26, 42
WEEKS = 28


def draw(
    planted: Mapping[str, Sequence[tuple[int, bool, bool]]],
    quiet: Sequence[Sequence[tuple[bool, bool]]],
    path: Path,
) -> None:
    """Write it.

    Args:
        planted: By drift: weeks since it began, whether it was seen, and confirmed.
        quiet: By company, by week: whether a quiet week was called drift, and
            confirmed.
        path: The file.
    """
    width = LEFT + WEEKS * CELL + 20
    rows = [_planted(i, name, told) for i, (name, told) in enumerate(planted.items())]
    under = TOP + len(planted) * HIGH + 54
    rows += [_quiet(i, told, under) for i, told in enumerate(quiet)]
    longest = max((len(told) for told in quiet), default=1)
    height = under + 20 + 9 * longest
    body = "".join(
        [
            _text(LEFT, 16, "ten planted drifts, weeks since they began"),
            *(_text(_x(week) + 3, 34, str(week)) for week in range(0, WEEKS, 4)),
            *rows,
            _text(
                LEFT,
                under - 14,
                f"{sum(map(len, quiet))} quiet weeks, a column a company",
            ),
            _legend(under + 4),
        ]
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12">{body}</svg>\n',
        "utf-8",
    )


def _planted(number: int, name: str, told: Sequence[tuple[int, bool, bool]]) -> str:
    """Return the row of a drift."""
    y = TOP + number * HIGH
    cells = (
        _cell(_x(week), y, CELL - 3, 18, _colour(seen=seen, sure=sure))
        for week, seen, sure in told
    )
    return _text(LEFT - 10, y + 13, name, end=True) + "".join(cells)


def _quiet(number: int, told: Sequence[tuple[bool, bool]], under: int) -> str:
    """Return the column of a company."""
    return "".join(
        _cell(_x(number), under + 9 * week, CELL - 3, 7, _colour(seen=seen, sure=sure))
        for week, (seen, sure) in enumerate(told)
    )


def _legend(y: int) -> str:
    """Return what the colours say."""
    said = ((CALM, "quiet"), (SEEN, "drift"), (ALARM, "confirmed alarm"))
    return "".join(
        _cell(12, y + 20 * i, 12, 12, colour) + _text(30, y + 10 + 20 * i, name)
        for i, (colour, name) in enumerate(said)
    )


def _colour(*, seen: bool, sure: bool) -> str:
    return ALARM if sure else (SEEN if seen else CALM)


def _x(column: int) -> int:
    return LEFT + column * CELL


def _cell(x: int, y: int, width: int, height: int, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"/>'


def _text(x: int, y: int, text: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x}" y="{y}" fill="{INK}"{anchor}>{text}</text>'
