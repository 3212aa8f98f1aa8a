"""A shadow's answers: to the journal alone, under the id of the request."""

from __future__ import annotations

import time
from dataclasses import replace

from churn_pipeline.serving.journal.entry import Entry
from churn_pipeline.serving.journal.writer import Journal
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.reader import Values

SHADOW = "shadow"
Offered = tuple[Entry, Predictor, Values]


def answer_beside(journal: Journal, offered: Offered) -> None:
    """Let a model answer what another has answered, and log it.

    Args:
        journal: Where it is logged.
        offered: The other's answer, the model, and the customer.
    """
    entry, model, values = offered
    start = time.perf_counter()
    told, _ = model.one(values)
    answer = replace(
        entry,
        time_ns=time.time_ns(),
        probability=told.probability,
        decision=told.decision,
        threshold=told.threshold,
        model_version=model.version,
        artifact_sha256=model.digest,
        variant=SHADOW,
        microseconds=int((time.perf_counter() - start) * 1e6),
    )
    journal.add((answer,))
