"""What a running service is made of, put together once at its start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.overload import Gate
from churn_pipeline.serving.shared import Shared


class Refreshed(Protocol):
    """A part that reads again what has changed since it was last read."""

    def refresh(self) -> object:
        """Read again where something changed; keep what there was where it fails."""


@dataclass
class Parts:
    """The parts that a request meets.

    Attributes:
        models: Which model answers.
        metrics: What is counted.
        shared: The numbers of other workers; None where there are none.
        followers: What is read again when it changes, once a second.
        hook_secret: Of the registry's webhook; None closes it.
        gate: How much is taken on.
        thread: Does what takes longer than a request may hold up others.
    """

    models: Models
    metrics: Metrics = field(default_factory=Metrics)
    shared: Shared | None = None
    followers: list[Refreshed] = field(default_factory=list)
    hook_secret: str | None = None
    gate: Gate = field(init=False)
    thread: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Make the gate and the thread, which need the others."""
        self.gate = Gate(self.metrics)
        self.thread = ThreadPoolExecutor(1, "batches")
