"""From two samples and what was watched before to the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.monitoring.cost import Predict, Pricing, find_causes, pricing
from churn_pipeline.monitoring.distance import Kind
from churn_pipeline.monitoring.domain import DomainVerdict, domain_drift
from churn_pipeline.monitoring.drift import ColumnDrift, DriftRule, Sample, compare
from churn_pipeline.monitoring.faults import Fault, find_faults
from churn_pipeline.monitoring.history import Watch
from churn_pipeline.monitoring.target import TargetVerdict
from churn_pipeline.monitoring.verdict import (
    MULTIVARIATE,
    NOTHING_NEWER,
    PREDICTION,
    TARGET,
    DriftVerdict,
    Verdict,
    first_names,
)
from churn_pipeline.monitoring.window_rule import WindowRule, before, is_confirmed

_Part = TypeVar("_Part", ColumnDrift, Fault, DomainVerdict, TargetVerdict)


@dataclass(frozen=True)
class Model:
    """What the verdict needs to know of the champion.

    Attributes:
        version: Its version.
        predict: Columns to churn probabilities.
        decision: Costs and values by which it decides whom to call.
        topics: What columns tell of -> their names.
        importance: Topic -> how much the answers are made of it, of any scale.
    """

    version: str
    predict: Predict
    decision: Decision
    topics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)

    def weights(self) -> dict[str, float]:
        """Return the share that each column's topic has in the answers."""
        total = sum(self.importance.values()) or 1.0
        return {
            column: self.importance.get(topic, 0.0) / total
            for topic, columns in self.topics.items()
            for column in columns
        }


@dataclass(frozen=True)
class Windows:
    """The windows before this one, and when the same drift is an alarm.

    Attributes:
        past: The history, of whatever model and date.
        rule: N of M.
    """

    past: Sequence[Watch] = ()
    rule: WindowRule = field(default_factory=WindowRule)


@dataclass(frozen=True)
class _Parts:
    """What is judged, each by itself."""

    prediction: ColumnDrift
    columns: tuple[ColumnDrift, ...]
    faults: tuple[Fault, ...]
    together: DomainVerdict | None
    target: TargetVerdict | None

    def confirmed(self, past: Sequence[Watch], rule: WindowRule) -> _Parts:
        """Return the parts, each with whether the windows before confirm it."""

        def sure(part: _Part, name: str) -> _Part:
            drifted = isinstance(part, Fault) or part.drifted
            is_sure = is_confirmed(name, drifted=drifted, windows=past, rule=rule)
            return part.model_copy(update={"confirmed": is_sure})

        return _Parts(
            prediction=sure(self.prediction, PREDICTION),
            columns=tuple(sure(c, c.name) for c in self.columns),
            faults=tuple(sure(f, f.key) for f in self.faults),
            together=sure(self.together, MULTIVARIATE) if self.together else None,
            target=sure(self.target, TARGET) if self.target else None,
        )

    @property
    def drifted(self) -> bool:
        """Whether anything drifted in this window."""
        parts = (self.prediction, *self.columns, self.together, self.target)
        return bool(self.faults) or any(p is not None and p.drifted for p in parts)

    @property
    def is_alarm(self) -> bool:
        """Whether anything that drifted is confirmed by the windows before."""
        parts = (self.prediction, *self.columns, *self.faults, self.together)
        return any(p is not None and p.confirmed for p in (*parts, self.target))

    @property
    def suspects(self) -> list[str]:
        """The columns whose cost is estimated, each once."""
        names = [column.name for column in self.columns if column.drifted]
        names += [fault.name for fault in self.faults]
        if self.together is not None and self.together.drifted:
            names += self.together.leans_on
        return list(dict.fromkeys(names))


def judge(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    *,
    model: Model,
    rule: DriftRule,
    seed: int,
    windows: Windows = Windows(),
    target: TargetVerdict | None = None,
    is_newer: bool = True,
) -> DriftVerdict:
    """Return the verdict on the current sample.

    Args:
        reference: Rows to compare with, with a column `churn_probability`.
        current: Rows of one observation date, with a column `churn_probability`.
        kinds: The features to judge and their kinds.
        model: The champion.
        rule: When something counts as drifted.
        seed: Of the draws of rows.
        windows: The windows before; left out: this is the first.
        target: What became of the churn rate.
        is_newer: False where the current rows are those of the reference.
    """
    date = current.dates.max().item()
    past = before(windows.past, date, model_version=model.version, rule=windows.rule)
    found = _find(reference, current, kinds, target=target, rule=rule, seed=seed)
    parts = found.confirmed(past, windows.rule)
    prices, columns = _costs(reference, current, kinds, parts, model=model, seed=seed)
    not_judged = tuple(column.name for column in columns if not column.judged)
    return DriftVerdict(
        verdict=_in_a_word(parts) if is_newer else NOTHING_NEWER,
        confirmed=is_newer and parts.is_alarm,
        drifted=_by_cost(columns),
        not_judged=not_judged,
        share_drifted=_share_drifted(columns),
        current_date=date,
        reference_dates=(reference.dates.min().item(), reference.dates.max().item()),
        current_rows=len(current),
        reference_rows=len(reference),
        model_version=model.version,
        prediction=parts.prediction,
        columns=columns,
        multivariate=parts.together,
        faults=parts.faults,
        target=parts.target,
        causes=find_causes(model.topics, parts.suspects, prices),
        unseen=_unseen(target, not_judged),
        window_dates=(*(watch.date for watch in past), date),
        windows=windows.rule,
        rule=rule,
    )


def _find(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    *,
    target: TargetVerdict | None,
    rule: DriftRule,
    seed: int,
) -> _Parts:
    """Return what is judged of two samples, before the windows are counted."""
    both: dict[str, Kind] = {**kinds, PREDICTION: "number"}
    found = compare(reference, current, both, rule=rule)
    columns = tuple(c for c in found if c.name != PREDICTION)
    return _Parts(
        prediction=next(c for c in found if c.name == PREDICTION),
        columns=columns,
        faults=find_faults(reference, current, kinds, rule=rule),
        together=domain_drift(
            reference,
            current,
            {c.name: c.kind for c in columns},
            left_out=[c.name for c in columns if _wanders(c, rule)],
            rule=rule,
            seed=seed,
        ),
        target=target,
    )


def _in_a_word(parts: _Parts) -> Verdict:
    return "drift" if parts.drifted else "quiet"


def _share_drifted(columns: Sequence[ColumnDrift]) -> float:
    """Return the share of the columns that could be judged which drifted."""
    judged = sum(column.judged for column in columns)
    return sum(column.drifted for column in columns) / max(judged, 1)


def _costs(
    reference: Sample,
    current: Sample,
    kinds: Mapping[str, Kind],
    parts: _Parts,
    *,
    model: Model,
    seed: int,
) -> tuple[Pricing, tuple[ColumnDrift, ...]]:
    """Return what moves cost, and the columns with what theirs does."""
    prices = pricing(
        reference,
        current,
        kinds,
        predict=model.predict,
        decision=model.decision,
        seed=seed,
    )
    priced = (_priced(c, parts.suspects, prices, model) for c in parts.columns)
    return prices, tuple(priced)


def _wanders(column: ColumnDrift, rule: DriftRule) -> bool:
    """Return whether a column ordinarily moves so far that its limit had to be raised.

    By those any two dates are told apart.
    """
    is_number = column.kind == "number"
    threshold = rule.number_threshold if is_number else rule.category_threshold
    return column.limit > threshold


def _priced(
    column: ColumnDrift, suspects: Sequence[str], prices: Pricing, model: Model
) -> ColumnDrift:
    """Return a column with its weight, and with what its move costs."""
    weight = model.weights().get(column.name)
    told: dict[str, Any] = {}
    if weight is not None:
        told["weighted"] = weight * column.effect
    if column.name in suspects:
        told |= prices.loss([column.name]).model_dump()
    return column.model_copy(update=told)


def _by_cost(columns: Sequence[ColumnDrift]) -> tuple[str, ...]:
    """Return the names of the drifted columns, the costliest first."""
    drifted = [column for column in columns if column.drifted]
    drifted.sort(key=lambda c: (c.cost or 0.0, c.impact or 0.0), reverse=True)
    return tuple(column.name for column in drifted)


def _unseen(target: TargetVerdict | None, not_judged: Sequence[str]) -> tuple[str, ...]:
    """Return the drifts that cannot be seen without labels, in words."""
    since = (
        "while no newer label has matured"
        if target is None
        else f"after {target.date}, the newest date whose labels have matured"
    )
    told = [
        "Customers like those before who leave for other reasons (concept drift), "
        f"{since}.",
        f"More or fewer of like customers leaving (prior shift), {since}.",
    ]
    if not_judged:
        told.append(
            "A drift of columns that move altogether between any two dates: "
            f"{first_names(not_judged)}."
        )
    return tuple(told)
