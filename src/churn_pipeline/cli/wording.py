"""What the commands say to people: at most 100 columns, nothing that is not there."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn_pipeline.release.ledger import Entry

WIDTH = 100
_NEWEST = 20
_DONE = {
    "register": "registered",
    "refuse": "refused",
    "promote": "promoted",
    "approve": "approved",
    "rollback": "rolled back to",
}


def status_lines(found: Mapping[str, Any]) -> list[str]:
    """Return what serves, since when and why, and its metrics.

    Args:
        found: As `describe` gives it, of a data set that has a champion.
    """
    action = _DONE[found["action"]].removesuffix(" to")
    facts = {
        "problem": found.get("problem"),
        "id": found["version"],
        "change": found["change"],
        "made by": found["family"],
        "gate": found["gate"],
        "since": f"{_minute(found['since'])} UTC, {action} by {found['who']}",
        "because": found["reason"],
        "before it": found["previous"] or "no champion",
        "waiting": ", ".join(found["challengers"]) or "no challenger",
    }
    name = found["semantic_version"] or found["version"]
    metrics = [
        (metric, _shown(found, metric))
        for metric, value in found.items()
        if isinstance(value, float)
        and "." not in metric
        and not metric.endswith(("_low", "_high"))
    ]
    told = [(fact, text) for fact, text in facts.items() if text]
    return [
        f"Champion of {found['dataset']}: {name}",
        *columns(told),
        "",
        "On the test split, with intervals:",
        *columns(metrics),
    ]


def history_lines(entries: Sequence[Entry]) -> list[str]:
    """Return who did what with which version, and why, the newest last."""
    if not entries:
        return ["no decisions yet: start with `kedro run`"]
    numbers = {e.version: e.semantic_version for e in entries if e.semantic_version}
    lines = [line for entry in entries[-_NEWEST:] for line in _told(entry, numbers)]
    shown = min(len(entries), _NEWEST)
    rest = "" if shown == len(entries) else f", the newest {shown}; all with --json"
    plural = "entry" if len(entries) == 1 else "entries"
    return [*lines, f"{len(entries)} {plural}{rest}, times in UTC"]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table, indented; what is too long in its last column is wrapped."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)][:-1]
    lines = []
    for *cells, last in rows:
        head = "  " + "".join(f"{c:<{w}}  " for c, w in zip(cells, widths, strict=True))
        wrapped = textwrap.wrap(last, WIDTH - len(head)) or [""]
        lines += [(head + wrapped[0]).rstrip()]
        lines += [" " * len(head) + line for line in wrapped[1:]]
    return lines


def _told(entry: Entry, numbers: Mapping[str, str]) -> Iterator[str]:
    """Yield an entry: what was done, and why where somebody said so."""
    number = numbers.get(entry.version)
    name = f"{number} ({entry.version})" if number else entry.version
    yield f"{_minute(entry.time)}  {entry.who}  {_DONE[entry.action]} {name}"
    yield from textwrap.wrap(
        entry.reason, WIDTH, initial_indent="    ", subsequent_indent="    "
    )


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _shown(found: Mapping[str, Any], name: str) -> str:
    """Return a metric as text: counts whole, others with their interval."""
    value = found[name]
    if name.startswith("n_"):
        return f"{value:,.0f}"
    low, high = (found.get(f"{name}_{end}") for end in ("low", "high"))
    ends = "" if low is None or high is None else f" ({low:,.4f} to {high:,.4f})"
    return f"{value:,.4f}{ends}"
