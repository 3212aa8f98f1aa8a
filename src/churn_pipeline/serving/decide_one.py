"""The decision about one customer: that of `decide`, without arrays."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.models.conformal import LEAVES, NOT_SURE, STAYS
from churn_pipeline.serving.decide import CALL, CONTRACT, GONE, NO_CALL, RECENCY

if TYPE_CHECKING:
    from churn_pipeline.release.artifact import Manifest

Values = tuple[Any, ...]


class DecidedOne(NamedTuple):
    """What follows from the churn probability of one customer.

    Attributes:
        decision: `call`, `no_call` or `gone`.
        threshold: Probability from which on a call pays; above 1: never.
        expected_profit: Money that a call is expected to earn.
        certainty: `leaves`, `stays` or `not_sure`.
    """

    decision: str
    threshold: float
    expected_profit: float
    certainty: str


class DecideOne:
    """Decides by the costs and values of a model; to the bit what `decide` says."""

    def __init__(self, manifest: Manifest, position: Mapping[str, int]) -> None:
        """Read the costs.

        Args:
            manifest: Of the model.
            position: Where each input stands among the values of a customer.
        """
        costs = manifest.decision
        self._conformal = manifest.conformal
        self._success, self._offer = costs.success_rate, costs.offer_cost
        self._accepted = costs.stayer_acceptance * costs.offer_cost
        self._of_stayer = costs.gain_of_stayer
        self._value: CustomerValue | None = None
        if isinstance(costs.customer_value, CustomerValue):
            self._value = costs.customer_value
            self._value_at = position[costs.customer_value.column]
        self._usual = self._pays(costs.usual_value)
        label = manifest.label
        self._lapses = RECENCY in manifest.numbers and label.rule != "column"
        if label.rule != "column" and self._lapses:
            self._recency, self._horizon = position[RECENCY], label.horizon_days
            under_contract = CONTRACT in manifest.numbers
            self._contract = position[CONTRACT] if under_contract else None

    def __call__(self, values: Values, probability: float) -> DecidedOne:
        """Return what to do about a customer.

        Args:
            values: The inputs by position, None where missing.
            probability: Of churn, in [0, 1].
        """
        rise, threshold = self._usual
        if self._value is not None:
            given = values[self._value_at]
            if given is not None:
                rise, threshold = self._pays(given * self._value.times)
        if self._lapses and self._has_lapsed(values):
            decision = GONE
        else:
            decision = CALL if probability >= threshold else NO_CALL
        profit = probability * rise + self._of_stayer
        return DecidedOne(decision, threshold, profit, self._certainty(probability))

    def _pays(self, value: float) -> tuple[float, float]:
        """Return how much more a contact earns of a churner, and from where it pays."""
        rise = self._success * (value - self._offer) + self._accepted
        return rise, -self._of_stayer / rise if rise > 0 else inf

    def _certainty(self, probability: float) -> str:
        may_leave = probability >= self._conformal.leaves_from
        may_stay = probability <= self._conformal.stays_to
        if may_leave == may_stay:
            return NOT_SURE
        return LEAVES if may_leave else STAYS

    def _has_lapsed(self, values: Values) -> bool:
        recency = values[self._recency]
        if recency is None or not recency > self._horizon:
            return False
        return self._contract is None or values[self._contract] != 1
