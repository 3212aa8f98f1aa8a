"""The desk: customers of a day answered by a model, logged, and what became of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from churn_pipeline.pipelines.evaluation.rows import columns
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.entry import BatchEntry
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import Truth

if TYPE_CHECKING:
    import pandas as pd

ENDPOINT = "/predict_batch"
_KEY = "0" * 16


class Desk:
    """Answers customers and keeps the prediction log."""

    def __init__(self, folder: Path) -> None:
        """Open a log in a folder."""
        self.url = f"sqlite:///{folder}/journal.db"
        self._names = Pseudonyms()
        self._database = connect(self.url)
        self._store = Store(self._database, self._names)
        self._feedback = Feedback(self.url, self._names)

    def close(self) -> None:
        """Close the log."""
        self._feedback.close()
        self._database.close()

    def answer(
        self, rows: pd.DataFrame, model: Artifact, moment: dt.datetime, variant: str
    ) -> None:
        """Answer customers as the service does, and log it.

        Args:
            rows: The customers of a day.
            model: Who answers.
            moment: When, UTC.
            variant: As what: `champion` or `challenger`.
        """
        if rows.empty:
            return
        given = columns(rows, model)
        probability = model.predict(given)
        decided = decide(given, probability, model.manifest)
        name = f"{variant}-{moment:%Y%m%d%H}"
        entry = BatchEntry(
            request_id=name,
            time_ns=ns(moment),
            endpoint=ENDPOINT,
            customer_ids=rows["customer_id"].tolist(),
            columns=given,
            probability=probability,
            decision=decided.decision,
            threshold=decided.threshold,
            model_version=model.manifest.version,
            artifact_sha256=model.manifest.digest,
            variant=variant,
            key_hash=_KEY,
            microseconds=0,
            value=model.manifest.decision.values(given, len(rows)),
        )
        self._store.write([entry], name)

    def learn(self, settled: pd.DataFrame, moment: dt.datetime) -> int:
        """Take in the labels that are settled by now; return how many.

        Args:
            settled: Keys and `label` of customers whose label is known.
            moment: Now, UTC.
        """
        told = [
            Truth(customer_id=who, observation_date=date, churned=bool(label == 1))
            for who, date, label in zip(
                settled["customer_id"],
                settled["observation_date"],
                settled["label"].to_numpy(np.float64),
                strict=True,
            )
        ]
        return self._feedback.add(told, key_hash=_KEY, now_ns=ns(moment))


def ns(moment: dt.datetime) -> int:
    """Return nanoseconds since 1970."""
    return int(moment.timestamp()) * 10**9
