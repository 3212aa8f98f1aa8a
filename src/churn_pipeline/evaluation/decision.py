"""Whom to contact: values and costs as a company states them, and what follows.

A customer is contacted and offered something to stay. One who would have left stays
with probability `success_rate`; one who would have stayed anyway takes the offer with
probability `stayer_acceptance`. A contact pays from the break-even on: a churn
probability that falls as the customer is worth more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.keys import check_keys
from churn_pipeline.models.table import Columns, column_names, read_numbers

Floats = NDArray[np.float64]

_TOPS = {
    "contact_cost": np.inf,
    "offer_cost": np.inf,
    "success_rate": 1.0,
    "stayer_acceptance": 1.0,
}
"""The largest valid value of each number."""
_FILE = "parameters_decision.yml"


@dataclass(frozen=True)
class CustomerValue:
    """A value of each customer, read from a column.

    Attributes:
        column: Numeric column of `model_input`: a feature, or one that is reported by.
        times: What the column is multiplied by, above 0: 12 makes a year of a month.
        otherwise: Money that a customer is worth whose column is empty; also the usual
            value, of which a single threshold is told.

    Raises:
        ValueError: A number is out of its range.
    """

    column: str
    otherwise: float
    times: float = 1.0

    def __post_init__(self) -> None:
        for name in ("otherwise", "times"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 < value < np.inf:
                raise ValueError(
                    f"decision.customer_value.{name}: expected a number above 0, got "
                    f"{value!r}; correct {_FILE}"
                )
            object.__setattr__(self, name, float(value))

    def of(self, columns: Columns) -> Floats:
        """Return what each customer is worth, money, float64, (n_rows,).

        Args:
            columns: Columns by name, this one among them; others are ignored.

        Raises:
            ValueError: The column is not there, or holds text or a negative number.
        """
        names = column_names(columns)
        if self.column not in names:
            raise ValueError(
                f"decision.customer_value.column: expected one of the columns of "
                f"model_input, got {self.column!r}, which is not there; name a "
                f"numeric feature in {_FILE}, or declare the column in dataset.yml"
            )
        found = read_numbers(self.column, columns[self.column])
        bad = found[(found < 0) | np.isinf(found)]
        if bad.size:
            raise ValueError(
                f"decision.customer_value.column: expected numbers of 0 or more in "
                f"{self.column}, got {bad.size:,} others, as {bad[0]:g}; declare `min: "
                "0` for it in dataset.yml, so that such rows are rejected"
            )
        return np.where(np.isnan(found), self.otherwise, found * self.times)


@dataclass(frozen=True)
class Decision:
    """Costs and values of the decision to contact a customer (`params:decision`).

    Attributes:
        customer_value: Money that a customer who is kept is worth; above 0: one number
            for everybody, or a column that says it of each customer.
        contact_cost: Money that one contact costs; 0 or more.
        offer_cost: Money that an accepted offer costs; 0 or more.
        success_rate: Share of contacted churners who accept and stay, in (0, 1].
        stayer_acceptance: Share of contacted customers who would have stayed anyway
            and take the offer, in [0, 1].
        capacity: Most customers on the list to call; None: all worth a call.
        assumed: Whether the values are nobody's own yet: placeholders to replace.

    Raises:
        ValueError: If a value is out of its range, or contacting a certain churner
            of the usual value would lose money.

    Source:
        Neslin et al. (2006), Defection Detection, Journal of Marketing Research 43,
        equation 1.
    """

    customer_value: float | CustomerValue
    contact_cost: float
    offer_cost: float
    success_rate: float
    stayer_acceptance: float = 1.0
    capacity: int | None = None
    assumed: bool = False

    def __post_init__(self) -> None:
        value = self.customer_value
        if isinstance(value, Mapping):
            object.__setattr__(self, "customer_value", _customer_value(value))
        elif not isinstance(value, CustomerValue):
            self._check("customer_value", np.inf)
        for name, top in _TOPS.items():
            self._check(name, top)
        if self.capacity is not None and (
            self.capacity < 1 or self.capacity != int(self.capacity)
        ):
            raise ValueError(
                "decision.capacity: expected a whole number of calls from 1 on, or "
                f"null for no limit, got {self.capacity}; correct {_FILE}"
            )
        if self.gain_of_churner <= 0:
            raise ValueError(
                "decision: contacting a customer who is sure to leave must earn money, "
                f"got {self.gain_of_churner:g} = success_rate x (customer_value - "
                f"offer_cost) - contact_cost; correct {_FILE}"
            )

    def _check(self, name: str, top: float) -> None:
        value = getattr(self, name)
        if not _is_number(value) or not 0 <= value <= top or not np.isfinite(value):
            raise ValueError(
                f"decision.{name}: expected a number from 0 to {top:g}, got "
                f"{value!r}; correct {_FILE}"
            )
        object.__setattr__(self, name, float(value))

    @property
    def usual_value(self) -> float:
        """Money that a kept customer is worth of whom nothing else is known."""
        value = self.customer_value
        return value.otherwise if isinstance(value, CustomerValue) else value

    @property
    def value_column(self) -> str | None:
        """Name of the column that says what each customer is worth; None: no column."""
        value = self.customer_value
        return value.column if isinstance(value, CustomerValue) else None

    @property
    def gain_of_churner(self) -> float:
        """Expected money from contacting a churner of the usual value."""
        kept = self.success_rate * (self.usual_value - self.offer_cost)
        return kept - self.contact_cost

    @property
    def gain_of_stayer(self) -> float:
        """Expected money, 0 or less, from contacting one who would stay anyway."""
        return -(self.contact_cost + self.stayer_acceptance * self.offer_cost)

    @property
    def break_even(self) -> float:
        """Churn probability above which a contact of usual value earns money."""
        return float(self.threshold(self.usual_value))

    @property
    def of_the_model(self) -> Decision:
        """The same without what concerns the list to call alone."""
        return replace(self, capacity=None)

    @property
    def costs(self) -> Decision:
        """The same without what tells where costs and values come from."""
        return replace(self, capacity=None, assumed=False)

    def values(self, columns: Columns, n_rows: int) -> Floats:
        """Return what each customer is worth, money, float64, (n_rows,).

        Args:
            columns: Columns by name; looked at where a column says the value.
            n_rows: Number of rows.

        Raises:
            ValueError: The column is not there, or holds text or a negative number.
        """
        value = self.customer_value
        if isinstance(value, CustomerValue):
            return value.of(columns)
        return np.full(n_rows, value)

    def threshold(self, value: ArrayLike) -> Floats:
        """Return the churn probability from which on a contact earns money.

        Args:
            value: Money that each customer is worth, 0 or more, (n,) or scalar.

        Returns:
            float64, as `value`; above 1 where no contact pays.
        """
        rise = self._rise(value)
        never = np.full_like(rise, np.inf)
        return np.divide(-self.gain_of_stayer, rise, out=never, where=rise > 0)

    def expected(self, probability: ArrayLike, value: ArrayLike) -> Floats:
        """Return what contacting customers is expected to earn.

        Args:
            probability: (n,), calibrated churn probability in [0, 1].
            value: Money that each customer is worth, (n,) or scalar.

        Returns:
            float64, (n,), money each; 0 at a customer's threshold.
        """
        churns = np.asarray(probability, dtype=np.float64)
        return churns * self._rise(value) + self.gain_of_stayer

    def spend(self, probability: ArrayLike) -> Floats:
        """Return what contacting customers and their offers are expected to cost.

        Args:
            probability: (n,), calibrated churn probability in [0, 1].

        Returns:
            float64, (n,), money each, 0 or more; `expected` has it taken off.
        """
        churns = np.asarray(probability, dtype=np.float64)
        accepts = churns * self.success_rate + (1 - churns) * self.stayer_acceptance
        return self.contact_cost + accepts * self.offer_cost

    def equivalent(self, probability: ArrayLike, value: ArrayLike) -> Floats:
        """Return the probability at which the usual customer would earn as much.

        By it customers of different value are ranked, and called from one threshold
        on: `break_even`. Of customers of the usual value it is the probability itself.

        Returns:
            float64, (n,); above 1 where a customer is worth more than the usual one who
            leaves for sure, below 0 where keeping one costs more than it brings.
        """
        churns = np.asarray(probability, dtype=np.float64)
        weight = self._rise(value) / self._rise(self.usual_value)
        return churns * weight

    def _rise(self, value: ArrayLike) -> Floats:
        """Return how much more a contact earns of a churner than of a stayer."""
        worth = np.asarray(value, dtype=np.float64) - self.offer_cost
        accepted = self.stayer_acceptance * self.offer_cost
        return np.asarray(self.success_rate * worth + accepted)


def _customer_value(given: Mapping[str, Any]) -> CustomerValue:
    """Return the value by a column as a person wrote it."""
    check_keys(given, [field.name for field in fields(CustomerValue)])
    missing = [name for name in ("column", "otherwise") if given.get(name) is None]
    if missing:
        raise ValueError(
            "decision.customer_value: expected a number, or a mapping with column and "
            f"otherwise (money where the column is empty), got one without "
            f"{' and '.join(missing)}; correct {_FILE}"
        )
    return CustomerValue(**given)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
