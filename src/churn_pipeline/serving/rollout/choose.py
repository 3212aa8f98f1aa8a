"""Who answers a customer, by one state of the rollout: a pure function, in 2 us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from churn_pipeline.serving.rollout.bucket import bound, digest, draw_of
from churn_pipeline.serving.rollout.spec import RolloutState

Variant = Literal["champion", "challenger", "outside", "shadow"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who answers a customer.

    Attributes:
        version: Version of the model; None: the champion, whichever reigns.
        variant: `champion` or `challenger` of a customer who was drawn for it;
            `outside` of one who was not (excluded, overridden, without an id), and
            who therefore proves nothing about either.
        shadow: Version of the model that answers beside, unseen; None: none.
    """

    version: str | None
    variant: Variant
    shadow: str | None = None


class Chooser:
    """Chooses by one state."""

    __slots__ = (
        "_challenger",
        "_champion",
        "_draw",
        "_exclude",
        "_outside",
        "_overrides",
        "_top",
    )

    def __init__(self, state: RolloutState) -> None:
        """Prepare the answers."""
        shadow, tried = state.shadow, state.challenger
        buckets = round(state.percentage * 100) if tried else 0
        self._top = bound(buckets) if buckets else b""
        self._draw = draw_of(state.name)
        self._exclude = tuple(segment.test() for segment in state.exclude)
        self._champion = Chosen(None, "champion", shadow)
        self._outside = Chosen(None, "outside", shadow)
        beside = None if shadow == tried else shadow
        self._challenger = Chosen(tried, "challenger", beside)
        sides = {
            "champion": self._outside,
            "challenger": Chosen(tried, "outside", beside),
        }
        self._overrides = {
            bytes.fromhex(customer): sides[side]
            for customer, side in state.overrides.items()
        }

    def __call__(
        self, customer_id: str | int | None, features: Mapping[str, Any]
    ) -> Chosen:
        """Return who answers.

        A share of 0 sends everybody to the champion, whatever else is set. Else an
        override comes first, then an excluded segment, then the draw.

        Args:
            customer_id: The customer; None gets the champion.
            features: Features by name, as they came.
        """
        if not self._top:
            return self._champion
        if customer_id is None:
            return self._outside
        customer = digest(customer_id, self._draw)
        if self._overrides and (named := self._overrides.get(customer)):
            return named
        for excluded in self._exclude:
            if excluded(features):
                return self._outside
        return self._challenger if customer < self._top else self._champion
