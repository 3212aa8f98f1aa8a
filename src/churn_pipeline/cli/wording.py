"""What the commands say to people: as wide as the terminal, at most 100 columns."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churn_pipeline.environment import told_for

if TYPE_CHECKING:
    from churn_pipeline.release.ledger import Entry

_WIDEST, _NARROWEST = 100, 60
_NEWEST = 20
_REASON = 150
_DONE = {
    "register": "registered",
    "pend": "left to an approver",
    "refuse": "refused",
    "promote": "promoted",
    "approve": "approved",
    "reject": "rejected",
    "rollback": "rolled back to",
}


def width() -> int:
    """Return how many columns there are to write in."""
    here = shutil.get_terminal_size((80, 24)).columns
    return min(_WIDEST, max(_NARROWEST, here))


def status_lines(
    found: Mapping[str, Any],
    entries: Sequence[Entry],
    *,
    currency: str,
    env: str | None,
) -> list[str]:
    """Return what serves, since when and why, how good it is, and what to do next.

    Args:
        found: As `describe` gives it, of a data set that has a champion.
        entries: The ledger, oldest first.
        currency: Of the profit.
        env: The environment that was asked for.
    """
    facts = {
        "problem": found.get("problem"),
        "serves since": _since(found),
        "fit on": _fitted(found),
        **_reached(found, currency),
        **_others(found, entries),
    }
    title = f"Champion of {found['dataset']}: {_named(found)}, {found['family']}"
    told = [(fact, told_for(env, text)) for fact, text in facts.items() if text]
    return [title, *columns(told)]


def history_lines(entries: Sequence[Entry], env: str | None) -> list[str]:
    """Return who did what with which version, and why, the newest last."""
    if not entries:
        start = "make run" if env is None else "kedro run"
        return [told_for(env, f"no decisions yet: start with `{start}`")]
    numbers = _numbers(entries)
    lines = [line for entry in entries[-_NEWEST:] for line in _told(entry, numbers)]
    shown = min(len(entries), _NEWEST)
    rest = "" if shown == len(entries) else f", the newest {shown}; all with --json"
    plural = "entry" if len(entries) == 1 else "entries"
    return [*lines, f"{len(entries)} {plural}{rest}, times in UTC"]


def columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return facts with their names, indented; what is too long is wrapped."""
    widest = max((len(name) for name, _ in rows), default=0)
    lines = []
    for name, text in rows:
        head = f"  {name:<{widest}}  "
        # A command is typed as it stands: it is not broken.
        wrapped = textwrap.wrap(
            text, width() - len(head), break_on_hyphens=False, break_long_words=False
        )
        lines += [(head + (wrapped or [""])[0]).rstrip()]
        lines += [" " * len(head) + line for line in wrapped[1:]]
    return lines


def interval(values: Mapping[str, Any], name: str, decimals: int) -> str:
    """Return "LOW to HIGH" of a metric; empty where there is no interval.

    Examples:
        >>> interval({"f1_low": 0.5, "f1_high": 0.75}, "f1", 2)
        '0.50 to 0.75'
    """
    low, high = (values.get(f"{name}_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return ""
    return f"{low:,.{decimals}f} to {high:,.{decimals}f}"


def _since(found: Mapping[str, Any]) -> str:
    action = _DONE[found["action"]].removesuffix(" to")
    why = f": {found['reason']}" if found["reason"] else ""
    return f"{_minute(found['since'])} UTC, {action} by {found['who']}{why}"


def _fitted(found: Mapping[str, Any]) -> str:
    """Return on how many rows the champion was fit, and whether it was measured so."""
    if found.get("fitted_rows") is None:
        return ""
    rows = f"{found['fitted_rows']:,} rows"
    if not found["refit"]:
        return rows
    tested = found.get("n_rows")
    some = "those of the test split" if tested is None else f"the {tested:,.0f} tested"
    return f"{rows}, {some} included; what follows was measured before that refit"


def _reached(found: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return how good the champion is on the test split, and when it calls."""
    calibration = _measured(found, "calibration_error", 3)
    if calibration and (noise := found.get("calibration_error_noise")) is not None:
        calibration += f"; up to {noise:.3f} is chance"
    return {
        "ROC AUC": _measured(found, "roc_auc", 3) + _ceiling(found),
        "log loss": _measured(found, "log_loss", 3),
        "calibration": calibration and f"off by {calibration}",
        "profit": _measured(found, "profit", 2, f" {currency} a customer"),
        "lift": _lift(found),
        "certainty": _certainty(found),
        "threshold": _threshold(found),
    }


def _measured(
    found: Mapping[str, Any], name: str, decimals: int, unit: str = ""
) -> str:
    value = found.get(name)
    if value is None:
        return ""
    ends = interval(found, name, decimals)
    return f"{value:,.{decimals}f}{unit}" + (f" ({ends})" if ends else "")


def _ceiling(found: Mapping[str, Any]) -> str:
    best = found.get("ceiling_roc_auc")
    return "" if best is None else f"; the ceiling is {best:.3f}"


def _lift(found: Mapping[str, Any]) -> str:
    """Return how many churners are among the likeliest, and among those called."""
    lift = _measured(found, "top_decile_lift", 2, " times the churners in the top 10%")
    at = _measured(found, "lift_at_capacity", 2, " in the calls there is time for")
    return f"{lift}; {at}" if lift and at else lift


def _certainty(found: Mapping[str, Any]) -> str:
    """Return how often the model is sure, and how often it is not wrong then."""
    names = ("said_not_sure", "coverage_of_churners", "coverage_of_stayers", "coverage")
    if any(found.get(name) is None for name in names):
        return ""
    unsure, churners, stayers, stated = (found[name] for name in names)
    return (
        f"sure of {1 - unsure:.0%} of the customers; not wrong about {churners:.1%} of "
        f"those who leave and {stayers:.1%} of those who stay ({stated:.0%} stated)"
    )


def _threshold(found: Mapping[str, Any]) -> str:
    """Return from which probability on a customer is called, and who that is."""
    if found.get("threshold") is None:
        return ""
    text = f"{found['threshold']:.3f}"
    share, recall = found.get("contacted_share"), found.get("recall")
    if share is None or recall is None:
        return text
    return (
        f"{text}: calls {share:.0%} of the customers, {recall:.0%} of those who leave"
    )


def _others(found: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, str]:
    """Return the champion before, who waits, the last refusal and what to do."""
    from churn_pipeline.release.ledger import champions

    numbers = _numbers(entries)
    before = champions(entries)[:-1]
    refused = [entry for entry in entries if entry.action == "refuse"][-1:]
    failed = found["failed_checks"]
    waiting = [
        _name(version, numbers)
        + (f", failed: {', '.join(failed[version])}" if version in failed else "")
        for version in found["challengers"]
    ]
    return {
        "before it": f"{_name(before[-1], numbers)}; `kedro churn rollback --reason "
        "WHY` goes back"
        if before
        else "no other champion",
        "waiting": "; ".join(waiting),
        "last refused": "".join(_refusal(entry, numbers) for entry in refused),
        "next": _next(found, numbers),
        "all figures": "`kedro churn status --json`",
    }


def _next(found: Mapping[str, Any], numbers: Mapping[str, str]) -> str:
    if "problem" in found:
        return (
            "put the champion's files back from a copy, or train again and let the new "
            "model in: `kedro churn promote VERSION --override --reason WHY`"
        )
    if not found["challengers"]:
        return "nothing to decide"
    newest = found["challengers"][-1]
    name = numbers.get(newest, newest)
    if newest in found["failed_checks"]:
        return f"`kedro churn review {name}`"
    return f"`kedro churn approve {name} --reason WHY`"


def _refusal(entry: Entry, numbers: Mapping[str, str]) -> str:
    why = textwrap.shorten(entry.reason, _REASON, placeholder=" …")
    return f"{_name(entry.version, numbers)}, {_minute(entry.time)} UTC: {why}"


def _named(found: Mapping[str, Any]) -> str:
    number, version = found["semantic_version"], found["version"]
    return f"{number} ({version})" if number else str(version)


def _numbers(entries: Sequence[Entry]) -> dict[str, str]:
    return {e.version: e.semantic_version for e in entries if e.semantic_version}


def _name(version: str, numbers: Mapping[str, str]) -> str:
    number = numbers.get(version)
    return f"{number} ({version})" if number else version


def _told(entry: Entry, numbers: Mapping[str, str]) -> Iterator[str]:
    """Yield an entry: what was done, and why where somebody said so."""
    done, name = _DONE[entry.action], _name(entry.version, numbers)
    yield f"{_minute(entry.time)}  {entry.who}  {done} {name}"
    yield from textwrap.wrap(
        entry.reason, width(), initial_indent="    ", subsequent_indent="    "
    )


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
