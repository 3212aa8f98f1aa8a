"""Which model answers a customer, by the rollout in force and the models at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from churn_pipeline.serving.models import Models
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.reader import Values
from churn_pipeline.serving.rollout.state import Rollout

OUTSIDE = "outside"


class Side(NamedTuple):
    """Who answers.

    Attributes:
        model: The model.
        variant: `champion`, `challenger`, or `outside` of the experiment.
        shadow: Who answers beside, unseen; None: nobody.
    """

    model: Predictor
    variant: str
    shadow: Predictor | None = None


class Named(Mapping[str, Any]):
    """The values of a customer by name, looked up only where somebody asks."""

    __slots__ = ("_position", "_values")

    def __init__(self, values: Values, position: Mapping[str, int]) -> None:
        """Take the values and where each input stands among them."""
        self._values, self._position = values, position

    def __getitem__(self, name: str) -> Any:
        """Return a value by its name."""
        return self._values[self._position[name]]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._position)

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._position)


class Routes(Protocol):
    """Chooses the model of each customer."""

    def side(self, values: Values) -> Side:
        """Return who answers a customer."""

    def sides(self, rows: Sequence[Values]) -> dict[Side, list[int]]:
        """Return who answers which of several customers, by position."""

    def instead_of(self, failed: Side) -> Side | None:
        """Return who answers where a model fails; None: nobody else."""


class Alone:
    """One model answers everybody."""

    def __init__(self, model: Predictor, variant: str = "champion") -> None:
        """Name the model, and the variant that its answers are of."""
        self._side = Side(model, variant)

    def side(self, values: Values) -> Side:
        """Return the model."""
        return self._side

    def sides(self, rows: Sequence[Values]) -> dict[Side, list[int]]:
        """Return the model for all."""
        return {self._side: list(range(len(rows)))}

    def instead_of(self, failed: Side) -> Side | None:
        """Return None: this model was asked for by its name."""
        return None


class Router:
    """Chooses the model of each customer."""

    def __init__(
        self, models: Models, rollout: Rollout, champion: Predictor | None = None
    ) -> None:
        """Choose among these models, as the rollout says.

        Args:
            models: Those at hand.
            rollout: Says who gets which.
            champion: Held for a request, whatever is swapped meanwhile; None: the one
                that reigns when it is asked.
        """
        self._models, self._rollout, self._champion = models, rollout, champion

    def held(self, champion: Predictor) -> Router:
        """Return the router of one request: its body was read by this champion."""
        return Router(self._models, self._rollout, champion)

    def side(self, values: Values) -> Side:
        """Return who answers a customer; the champion where the other is not there.

        Args:
            values: As the champion's reader gives them, the id last.
        """
        champion = self._champion or self._models.champion
        chosen = self._rollout.choose(values[-1], Named(values, champion.position))
        shadow = self._models.get(chosen.shadow) if chosen.shadow else None
        if shadow is champion or (
            shadow is not None and shadow.reader.names != champion.reader.names
        ):
            shadow = None  # promoted meanwhile, or asked for other inputs
        if chosen.version is None or chosen.version == champion.version:
            return Side(champion, chosen.variant, shadow)
        model = self._models.get(chosen.version)
        if model is None or model.reader.names != champion.reader.names:
            return Side(champion, OUTSIDE, shadow)
        return Side(model, chosen.variant, shadow)

    def sides(self, rows: Sequence[Values]) -> dict[Side, list[int]]:
        """Return who answers which of several customers, by position."""
        if not self._rollout.state.percentage:
            return {self.side(rows[0]): list(range(len(rows)))}
        found: dict[Side, list[int]] = {}
        for line, values in enumerate(rows):
            found.setdefault(self.side(values), []).append(line)
        return found

    def instead_of(self, failed: Side) -> Side | None:
        """Return the champion, unless it is what fails; such an answer proves nothing.

        Args:
            failed: Who was to answer.
        """
        champion = self._champion or self._models.champion
        return None if failed.model is champion else Side(champion, OUTSIDE)
