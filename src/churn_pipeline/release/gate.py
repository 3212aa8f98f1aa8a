"""May a model be released: rules over a comparison, and everything else is a no."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from churn_pipeline.params import Params

_DECIDING = (
    "beats the base rate",
    "log loss better",
    "profit not worse",
    "calibration not worse",
)

_DECLARED = "direction"
"""The behavioural tests of which a data set may declare none."""


class Gate(Params):
    """What a model must show to be released.

    Attributes:
        min_rows: Fewest rows of the test split to judge by.
        min_churners: Fewest of them that churned, and fewest that stayed.
        min_improvement: Improvement of the log loss (nats) over the champion that a
            new one must surely exceed: the interval's low end counts. With intervals
            of 95 %, one that is truly no better than by this passes in 2.5 % of runs.
        profit_margin: Worsening of the profit that the interval's low end may reach,
            as a share of the champion's.
        calibration_margin: The same of the calibration, as the root mean square
            distance of predicted from observed churn over bins, 0 to 1.
        segment_margin: The same of the log loss (nats) in each segment of enough rows.
        required_checks: Behavioural tests that must pass; the others are reported.
            `direction` stands for every direction that is declared.
        confidence_after_change: Of the intervals in place of the ordinary ones where
            the champion was found to have fallen, or its customers to have changed:
            it is no safe choice then, and one that is truly no better passes in 10 %
            of runs with 80 %. None: the ordinary ones.
    """

    min_rows: int = Field(ge=1)
    min_churners: int = Field(ge=1)
    min_improvement: float = Field(ge=0)
    profit_margin: float = Field(ge=0)
    calibration_margin: float = Field(ge=0)
    segment_margin: float = Field(ge=0)
    required_checks: tuple[str, ...] = ()
    confidence_after_change: float | None = Field(default=None, gt=0, lt=1)


class Ruling(Params):
    """One rule and how it came out.

    Attributes:
        name: Name of the rule.
        passed: Whether the model met it.
        reason: What was expected and what came, in words.
    """

    name: str
    passed: bool
    reason: str


class Verdict(Params):
    """Whether a model may be released.

    Attributes:
        approved: The answer.
        reasons: Why: the rules that were broken, or those that decided for it.
        checks: Every rule.
        compared_with: Version of the champion that it was compared with; None where
            there was none. The verdict holds only while that one reigns.
    """

    approved: bool
    reasons: tuple[str, ...]
    checks: tuple[Ruling, ...]
    compared_with: str | None = None


def decide(
    comparison: Mapping[str, Any],
    behaviour: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, float],
    gate: Gate,
) -> Verdict:
    """Return whether a model may be released. What cannot be judged is a no.

    Args:
        comparison: `n_rows`, `n_churners`, `champion` (`state`: none, usable or
            unusable; `version`; `reason`), `differences` (metric -> improvement with
            its ends `low` and `high`; against the base rate where there is no
            champion), `segments` (the same of the log loss, with `segment`,
            `level`) and, where it is told, the `confidence` of the intervals.
        behaviour: Outcomes of the behavioural tests: `name`, `passed`, `message`.
        metrics: Metric -> value on the test split.
        gate: The rules.
    """
    try:
        rulings = tuple(_rulings(comparison, behaviour, metrics, gate))
    except Exception as error:
        rulings = (
            Ruling(
                name="gate",
                passed=False,
                reason=f"the gate could not judge: {type(error).__name__}: {error}",
            ),
        )
    broken = tuple(ruling.reason for ruling in rulings if not ruling.passed)
    won = tuple(ruling.reason for ruling in rulings if ruling.name in _DECIDING)
    return Verdict(
        approved=not broken,
        reasons=broken or won,
        checks=rulings,
        compared_with=comparison.get("champion", {}).get("version"),
    )


def _rulings(
    comparison: Mapping[str, Any],
    behaviour: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, float],
    gate: Gate,
) -> Iterator[Ruling]:
    yield from _enough(comparison, gate)
    yield from _finite(metrics)
    yield from _behaves(behaviour, gate)
    champion = comparison["champion"]
    state = champion["state"]
    if state == "none":
        yield _beats_base_rate(comparison["differences"]["log_loss"])
    elif state == "usable":
        yield from _against_champion(comparison, gate)
    else:
        yield Ruling(
            name="champion",
            passed=False,
            reason="expected a champion to compare with, got one that cannot be used: "
            f"{champion['reason']}",
        )


def _enough(comparison: Mapping[str, Any], gate: Gate) -> Iterator[Ruling]:
    rows, churners = int(comparison["n_rows"]), int(comparison["n_churners"])
    fewer = min(churners, rows - churners)
    yield _at_least("rows", rows, gate.min_rows, "rows in the test split")
    yield _at_least(
        "churners", fewer, gate.min_churners, "churners and as many who stayed"
    )


def _at_least(name: str, found: int, wanted: int, what: str) -> Ruling:
    return Ruling(
        name=name,
        passed=found >= wanted,
        reason=f"expected at least {wanted:,} {what}, got {found:,}",
    )


def _finite(metrics: Mapping[str, float]) -> Iterator[Ruling]:
    for name in ("log_loss", "roc_auc", "profit"):
        value = metrics.get(name)
        known = value is not None and math.isfinite(value)
        yield Ruling(
            name=f"{name} is defined",
            passed=known,
            reason=f"expected {name} to be a number, got {value}",
        )


def _behaves(behaviour: Sequence[Mapping[str, Any]], gate: Gate) -> Iterator[Ruling]:
    for required in gate.required_checks:
        found = [c for c in behaviour if c["name"].split(":")[0] == required]
        if not found and required != _DECLARED:
            found = [{"name": required, "passed": False, "message": "it was not run"}]
        for check in found:
            yield Ruling(
                name=check["name"],
                passed=check["passed"] is True,
                reason=f"behavioural test {check['name']}: {check['message']}",
            )


def _beats_base_rate(difference: Mapping[str, float]) -> Ruling:
    low = difference["low"]
    return Ruling(
        name="beats the base rate",
        passed=low > 0,
        reason="first champion: expected a log loss surely better than the base "
        f"rate's {difference['theirs']:.4f}, got {difference['mine']:.4f}, "
        f"better by {_spread(difference)}",
    )


def _against_champion(comparison: Mapping[str, Any], gate: Gate) -> Iterator[Ruling]:
    against = f"against {comparison['champion']['version']}: expected the"
    log_loss = comparison["differences"]["log_loss"]
    profit = comparison["differences"]["profit"]
    calibration = _root(comparison["differences"]["calibration_square"])
    told = comparison.get("confidence")
    sure = "" if told is None else f", {told:.0%} interval"
    margin = gate.profit_margin * abs(profit["theirs"])
    yield Ruling(
        name="log loss better",
        passed=log_loss["low"] > gate.min_improvement,
        reason=f"{against} log loss to be surely better by more than "
        f"{gate.min_improvement:g}, got better by {_spread(log_loss)}{sure}",
    )
    yield Ruling(
        name="profit not worse",
        passed=profit["low"] >= -margin,
        reason=f"{against} profit a customer to be surely no worse than by "
        f"{margin:.4g}, got better by {_spread(profit)}",
    )
    yield Ruling(
        name="calibration not worse",
        passed=calibration["low"] >= -gate.calibration_margin,
        reason=f"{against} calibration (root mean square) to be surely no worse than "
        f"by {gate.calibration_margin:g}, got better by {_spread(calibration)}",
    )
    yield from _segments(comparison["segments"], gate)


def _root(squares: Mapping[str, float]) -> dict[str, float]:
    """Return a difference of squares in the unit of what was squared."""
    ends = ("improvement", "low", "high")
    return {e: math.copysign(math.sqrt(abs(squares[e])), squares[e]) for e in ends}


def _segments(segments: Sequence[Mapping[str, Any]], gate: Gate) -> Iterator[Ruling]:
    for found in segments:
        yield Ruling(
            name=f"segment {found['segment']}: {found['level']}",
            passed=found["low"] >= -gate.segment_margin,
            reason=f"{found['segment']} {found['level']}: expected the log loss to be "
            f"surely no worse than by {gate.segment_margin:g}, got better by "
            f"{_spread(found)}",
        )


def _spread(difference: Mapping[str, float]) -> str:
    low, high = _told(difference["low"]), _told(difference["high"])
    return f"{_told(difference['improvement'])} ({low} to {high})"


def _told(gain: float) -> str:
    """Return a gain with its sign, as far as anybody reads it.

    Examples:
        >>> _told(0.012345), _told(-0.5), _told(1234.5), _told(0.0)
        ('+0.012', '-0.50', '+1,234', '+0.0')
    """
    size = abs(gain)
    if size >= 10:  # noqa: PLR2004
        return f"{gain:+,.0f}"
    places = 1 if size == 0 else min(9, 1 - math.floor(math.log10(size)))
    return f"{gain:+.{max(places, 1)}f}"
