"""The models of a running service: which one answers, and how that changes."""

from __future__ import annotations

from churn_pipeline.serving.predictor import Predictor


class Models:
    """The champion, the one before it, and others that a rollout asks for.

    A change is one assignment: a request has one model from beginning to end.

    Attributes:
        champion: The model that answers.
        former: The champion before, kept so that going back takes no time.
        others: Those that a rollout asks for, by version.
    """

    def __init__(self, champion: Predictor) -> None:
        """Begin with a model that passed its checks."""
        self.champion = champion
        self.former: Predictor | None = None
        self.others: dict[str, Predictor] = {}

    def swap(self, new: Predictor) -> None:
        """Let another model answer from the next request on."""
        self.champion, self.former = new, self.champion

    def get(self, version: str) -> Predictor | None:
        """Return a model that is at hand by its version."""
        if version == self.champion.version:
            return self.champion
        return self.others.get(version)

    def hold(self, others: dict[str, Predictor]) -> None:
        """Hold these models beside the champion, and no others."""
        self.others = others
