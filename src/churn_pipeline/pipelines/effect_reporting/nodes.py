"""Measure what the calls of each campaign did, and whom they woke."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.effect import Effect, Outcomes, Sure, measure
from churn_pipeline.evaluation.qini import Order, order_of_calls
from churn_pipeline.evaluation.sequential import SMALLEST_ARM
from churn_pipeline.evaluation.slices import groups, levels
from churn_pipeline.params import Params
from churn_pipeline.pipelines.evaluation.rows import group_values
from churn_pipeline.pipelines.scoring.calls import ASSIGNED
from churn_pipeline.serving.decide import CALL

logger = logging.getLogger(__name__)
RISK = "churn_probability"
_ORDER = {
    "holds": "the first of the list bring most, as its order says",
    "reversed": "the last of the list bring most: check what customers are worth",
    "not_sure": "whether the first bring more is not to be told from chance yet",
}
_THIRDS = ("lowest third", "middle third", "highest third")


class EffectReporting(Params):
    """How sure the effect of calls is told (root key `effect_reporting`).

    Attributes:
        confidence: Share of campaigns whose intervals cover the truth at every look,
            in (0, 1); of segments, of all of them together.
        planned: Customers of both groups, split evenly, at whom intervals are
            narrowest.
    """

    confidence: float = Field(0.95, gt=0.5, lt=1)
    planned: int = Field(5000, ge=100)


def measure_effect(
    call_outcomes: pd.DataFrame, dataset: Dataset, effect_reporting: EffectReporting
) -> dict[str, Any]:
    """Return what calls did, by campaign, the newest first.

    Who was on the list counts as called, whether somebody reached them or not.

    Args:
        call_outcomes: Customers of both groups, with their labels and with what was
            stated when they were listed, which is what is expected.
        dataset: Its currency.
        effect_reporting: How sure.

    Returns:
        `currency`, `confidence`, and `campaigns`: of each its name, the dates of its
        lists (`since`, `until`), `customers` by group, `matured` by group, `effect`
        (see `evaluation.effect.Effect`; None where it cannot be told yet), `order`
        (`evaluation.qini.Order`, likewise), `segments` (`segment`, `level`, `effect`)
        and `in_words`.
    """
    parts = [
        _campaign(
            str(name),
            rows,
            Sure(effect_reporting.confidence, effect_reporting.planned),
            dataset.currency,
        )
        for name, rows in _campaigns(call_outcomes)
    ]
    for part in parts:
        for line in part["in_words"]:
            logger.info("campaign %s: %s", part["campaign"], line)
    if not parts:
        logger.info(
            "nobody has been listed to call yet: `kedro run --pipelines scoring`"
        )
    told = {"currency": dataset.currency, "confidence": effect_reporting.confidence}
    return {**told, "campaigns": parts}


def draw_effect(call_effect: dict[str, Any]) -> Any:
    """Return what calls bring from the top of the list down, of the newest campaign.

    Args:
        call_effect: What `measure_effect` found.
    """
    from churn_pipeline.evaluation.effect_plot import effect_plot

    campaigns, currency = call_effect["campaigns"], call_effect["currency"]
    told = next((part for part in campaigns if part["order"]), None)
    if told is None:
        why = "too few labels to tell the order" if campaigns else "nobody listed yet"
        return effect_plot(f"What calls bring: {why}", None, currency)
    title = f"Campaign {told['campaign']}: {_ORDER[told['order']['says']]}"
    return effect_plot(title, told["order"], currency)


def _campaigns(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the campaigns, the newest first."""
    if rows.empty:
        return
    begun = rows.groupby("campaign")["observation_date"].min()
    for name in begun.sort_values(ascending=False, kind="stable").index:
        yield name, rows[rows["campaign"] == name]


def _campaign(
    name: str, rows: pd.DataFrame, sure: Sure, currency: str
) -> dict[str, Any]:
    # A list that kept nobody aside has nobody to compare its called with.
    known = rows[rows["label"].notna() & (rows["control_share"] > 0)]
    dates = pd.to_datetime(rows["observation_date"])
    told: dict[str, Any] = {
        "campaign": name,
        "since": str(dates.min().date()),
        "until": str(dates.max().date()),
        "customers": _sizes(rows),
        "matured": _sizes(known),
        "effect": None,
        "order": None,
        "segments": [],
    }
    outcomes = _outcomes(known)
    if not outcomes.is_enough:
        return {**told, "in_words": [_why_none(told)]}
    whole = measure(outcomes, sure)
    order = order_of_calls(outcomes, sure)
    segments = _segments(known, outcomes, sure)
    lines = [_in_words(whole, currency, sure.confidence)]
    lines += [_of_order(order, currency, sure.confidence)] if order else []
    lines += [_woken(segment) for segment in segments if _wakes(segment)]
    return {
        **told,
        "effect": asdict(whole),
        "order": asdict(order) if order else None,
        "segments": [{**part, "effect": asdict(part["effect"])} for part in segments],
        "in_words": lines,
    }


def _segments(
    rows: pd.DataFrame, outcomes: Outcomes, sure: Sure
) -> list[dict[str, Any]]:
    """Return the effect in each segment that both groups have enough customers in."""
    parts = [
        (segment, level, outcomes.part(inside))
        for segment, values in _levels(rows)
        for level, inside in groups(values)
        if outcomes.part(inside).is_enough
    ]
    # Of many intervals one errs by chance: they hold together (Bonferroni).
    surer = replace(sure, confidence=1 - (1 - sure.confidence) / max(len(parts), 1))
    return [
        {"segment": segment, "level": level, "effect": measure(part, surer)}
        for segment, level, part in parts
    ]


def _levels(rows: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.object_]]]:
    """Yield the columns of segments, and the risk that the model told, in thirds."""
    order = rows[RISK].rank(method="first").to_numpy()
    third = np.minimum((order - 1) * len(_THIRDS) // len(rows), len(_THIRDS) - 1)
    yield RISK, np.array(_THIRDS, dtype=object)[third.astype(int)]
    for name in rows.columns.difference([*ASSIGNED, "label"], sort=False):
        yield name, levels(group_values(rows, name))


def _outcomes(rows: pd.DataFrame) -> Outcomes:
    names = (
        *("label", "customer_value", "expected_spend"),
        *(RISK, "expected_profit", "success_rate", "control_share"),
    )
    return Outcomes(
        (rows["arm"] == CALL).to_numpy(),
        *(rows[name].to_numpy(np.float64) for name in names),
    )


def _sizes(rows: pd.DataFrame) -> dict[str, int]:
    called = int((rows["arm"] == CALL).sum())
    return {"call": called, "control": len(rows) - called}


def _why_none(told: dict[str, Any]) -> str:
    listed, known = told["customers"], told["matured"]
    if not listed["control"]:
        return (
            "nobody was kept aside: what calls bring cannot be measured; set "
            "`scoring.control_share`"
        )
    return (
        f"{listed['call']:,} to call and {listed['control']:,} kept aside since "
        f"{told['since']}; labels have settled of {known['call']:,} and "
        f"{known['control']:,}: of both groups {SMALLEST_ARM} are needed"
    )


def _in_words(effect: Effect, currency: str, confidence: float) -> str:
    change, profit = effect.change, effect.profit
    ending = {
        "fewer_leave": "calls keep customers",
        "more_leave": "calls drive customers away: stop and look into it",
        "not_sure": "not to be told from chance yet",
    }[effect.says]
    return (
        f"{effect.called_churn:.1%} of {effect.called:,} called left, "
        f"{effect.control_churn:.1%} of {effect.control:,} kept aside: "
        f"{100 * change.value:+.1f} points ({confidence:.0%}: {100 * change.low:+.1f} "
        f"to {100 * change.high:+.1f}; expected {100 * effect.expected_change:+.1f}), "
        f"{currency} {profit.value:+,.2f} a call ({profit.low:+,.2f} to "
        f"{profit.high:+,.2f}; expected {effect.expected_profit:+,.2f}): {ending}"
    )


def _of_order(order: Order, currency: str, confidence: float) -> str:
    half, qini = len(order.share) // 2, order.qini
    return (
        f"the first {order.share[half]:.0%} of the list brings {currency} "
        f"{order.profit[half].value:+,.2f} a listed customer, the whole "
        f"{order.profit[-1].value:+,.2f} (Qini {qini.value:+,.2f}, {confidence:.0%}: "
        f"{qini.low:+,.2f} to {qini.high:+,.2f}): {_ORDER[order.says]}"
    )


def _wakes(part: dict[str, Any]) -> bool:
    return bool(part["effect"].says == "more_leave")


def _woken(part: dict[str, Any]) -> str:
    change = part["effect"].change
    return (
        f"sleeping dogs: in {part['segment']} {part['level']} more leave when called "
        f"({100 * change.value:+.1f} points, {100 * change.low:+.1f} to "
        f"{100 * change.high:+.1f}); leave them alone"
    )
