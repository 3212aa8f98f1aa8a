"""What a running service is made of, put together once at its start."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from churn_pipeline.serving.access.browser import SECURITY_HEADERS, Cors, Headers
from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.beside import answer_beside
from churn_pipeline.serving.control_group import Control
from churn_pipeline.serving.desk.desk import Desk
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.writer import Journal
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.online import OnlineFeatures
from churn_pipeline.serving.overload import Gate
from churn_pipeline.serving.refreshing import Refreshed
from churn_pipeline.serving.rollout.canary import Watch
from churn_pipeline.serving.rollout.counting import Counting, Hourly
from churn_pipeline.serving.rollout.shadow import Shadow
from churn_pipeline.serving.rollout.state import Rollout
from churn_pipeline.serving.routing import Router
from churn_pipeline.serving.shared import Shared


@dataclass
class Parts:
    """The parts that a request meets.

    Attributes:
        models: Which model answers.
        access: Who may ask.
        rollout: Who gets which model.
        journal: What was answered.
        feedback: What became of customers.
        counting: Counts what came of the experiment.
        metrics: What is counted.
        online: Features by customer id.
        shared: The numbers of other workers; None where there are none.
        followers: What is read again when it changes, once a second.
        failing: By part, why what was read before goes on.
        refreshing: Held while they are looked at.
        hook_secret: Of the registry's webhook; None closes it.
        headers: Of every answer.
        cors: Pages of other origins that may read answers.
        control: Says who is kept aside, to measure what calls bring.
        desk: Looks up what the page shows.
        known: Returns the versions that a rollout may name.
        closed: Returns why no customer may get one of them; empty where they may.
        folder: Where the models lie that the champion is one of; None: it is of none.
        gate: How much is taken on.
        router: Chooses the model of each customer.
        watch: Moves a canary.
        shadow: Answers beside, unseen.
        thread: Does what takes longer than a request may hold up others.
        label_thread: Writes labels; a database that hangs, holds up these alone.
    """

    models: Models
    access: Access
    rollout: Rollout
    journal: Journal
    feedback: Feedback
    counting: Counting
    metrics: Metrics
    online: OnlineFeatures
    control: Control
    desk: Desk
    known: Callable[[], list[str]]
    closed: Callable[[str], str]
    folder: Path | None = None
    shared: Shared | None = None
    followers: list[Refreshed] = field(default_factory=list)
    failing: dict[str, str] = field(default_factory=dict)
    refreshing: Lock = field(default_factory=Lock)
    hook_secret: str | None = None
    headers: Headers = SECURITY_HEADERS
    cors: Cors = field(default_factory=Cors)
    gate: Gate = field(init=False)
    router: Router = field(init=False)
    watch: Watch = field(init=False)
    shadow: Shadow[Any] = field(init=False)
    thread: ThreadPoolExecutor = field(init=False)
    label_thread: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Make what needs the others."""
        self.gate = Gate(self.metrics)
        self.router = Router(self.models, self.rollout)
        self.watch = Watch(self.rollout, results=Hourly(self.counting))
        self.shadow = Shadow(
            lambda offered: answer_beside(self.journal, offered),
            busy=lambda: self.gate.busy,
        )
        self.thread = ThreadPoolExecutor(1, "batches")
        self.label_thread = ThreadPoolExecutor(1, "labels")

    def close(self) -> None:
        """Write what waits, and end the threads."""
        self.thread.shutdown()
        self.label_thread.shutdown(wait=False, cancel_futures=True)
        self.desk.close()
        self.shadow.close()
        self.journal.close()
        self.feedback.close()
        self.access.close()
