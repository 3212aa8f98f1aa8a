"""What the calls that the service advises are expected to be worth."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churn_pipeline.evaluation.decision import Decision


@dataclass(slots=True)
class Worth:
    """Customers whom a model wants called, and what that is expected to bring.

    Attributes:
        costs: Of the model.
        calls: Customers to call.
        churners: How many of them would leave, by their probabilities.
        profit: Money that the calls earn, what they cost taken off.
    """

    costs: Decision
    calls: int = 0
    churners: float = 0.0
    profit: float = 0.0

    def add(self, calls: int, churners: float, profit: float) -> None:
        """Add calls; none whose profit is no number, which would hide all others."""
        if isfinite(profit):
            self.calls += calls
            self.churners += churners
            self.profit += profit

    @property
    def saves(self) -> float:
        """Customers who stay because they are called."""
        return self.costs.success_rate * self.churners

    @property
    def spend(self) -> float:
        """Money that the calls and the accepted offers cost."""
        costs = self.costs
        stayers = self.calls - self.churners
        accepted = self.saves + costs.stayer_acceptance * stayers
        return self.calls * costs.contact_cost + accepted * costs.offer_cost
