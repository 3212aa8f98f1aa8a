"""Answers to requests: the artifact's probabilities and what follows from them."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from itertools import repeat
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.reasons import Reason
from churn_pipeline.serving.contract import (
    MAX_ROWS,
    MAX_ROWS_WITH_REASONS,
    Contract,
    Request,
)
from churn_pipeline.serving.decide import decide

CustomerId = str | int | None
Warnings = dict[str, dict[str, int]]


def _is_none(value: object) -> bool:
    return value is None


class Prediction(BaseModel):
    """What is foreseen of one customer.

    Attributes:
        customer_id: As it came.
        churn_probability: In [0, 1].
        threshold: Probability from which on a call of this customer is expected to
            earn money; None where no call is.
        decision: `call` where the probability reaches the threshold, else `no_call`;
            `gone` where the features say that the customer has left already.
        expected_profit: Money that a call is expected to earn.
        certainty: `leaves` or `stays` where the model is sure, else `not_sure`.
        reasons: What makes churn more or less probable than usual, the weightiest
            first; absent where none were asked for.
    """

    customer_id: CustomerId
    churn_probability: float
    threshold: float | None
    decision: Literal["call", "no_call", "gone"]
    expected_profit: float
    certainty: Literal["leaves", "stays", "not_sure"]
    reasons: list[Reason] | None = Field(None, exclude_if=_is_none)


class About(BaseModel):
    """What every answer says of itself.

    Attributes:
        model_version: Version of the model that answered.
        request_id: Of this request.
        time: When it was answered, UTC, ISO 8601.
        milliseconds: How long it took.
        warnings: Feature -> how many values were missing or an unknown category; the
            model answers to those as it has learnt to.
    """

    model_version: str
    request_id: str
    time: str
    milliseconds: float
    warnings: Warnings


class Answer(Prediction, About):
    """Answer to `/predict`."""


class BatchAnswer(About):
    """Answer to `/predict_batch`, predictions in the order of the rows."""

    predictions: list[Prediction]


class Predictor:
    """Answers requests with one artifact."""

    def __init__(self, artifact: Artifact) -> None:
        """Make the contract of the artifact, which checked itself when loaded."""
        self.artifact = artifact
        self.contract = Contract(artifact.manifest)

    def predict(
        self, body: bytes, request_id: str | None = None, *, reasons: int = 0
    ) -> Answer:
        """Return the answer to one customer, a JSON object.

        Args:
            body: The request's body.
            request_id: Of the request; None makes one.
            reasons: Most reasons to give; 0 gives none and costs nothing.

        Raises:
            Refusal: The body breaks the contract.
        """
        start = time.perf_counter()
        request = self.contract.read_one(body)
        (prediction,) = self._predictions(request, reasons)
        about = self._about(request, start, request_id)
        return Answer(**prediction.__dict__, **about)

    def predict_batch(
        self, body: bytes, request_id: str | None = None, *, reasons: int = 0
    ) -> BatchAnswer:
        """Return the answer to a JSON list of customers, fewer where they get reasons.

        Arguments and errors are those of `predict`; `reasons` counts each customer's.
        """
        start = time.perf_counter()
        at_most = MAX_ROWS_WITH_REASONS if reasons else MAX_ROWS
        request = self.contract.read_many(body, at_most=at_most)
        predictions = self._predictions(request, reasons)
        about = self._about(request, start, request_id)
        return BatchAnswer(predictions=predictions, **about)

    def _predictions(self, request: Request, n_reasons: int) -> list[Prediction]:
        probability: NDArray[np.float64] = self.artifact.predict(request.columns)
        decided = decide(request.columns, probability, self.artifact.manifest)
        reasons = (
            self.artifact.reasons(request.columns, at_most=n_reasons)
            if n_reasons
            else repeat(None, len(request))
        )
        told = (values.tolist() for values in (probability, *decided))
        return [
            Prediction(
                customer_id=identity,
                churn_probability=chance,
                threshold=threshold if threshold <= 1 else None,
                decision=decision,
                expected_profit=profit,
                certainty=certainty,
                reasons=why,
            )
            for identity, chance, decision, threshold, profit, certainty, why in zip(
                request.ids, *told, reasons, strict=True
            )
        ]

    def _about(
        self, request: Request, start: float, request_id: str | None
    ) -> dict[str, Any]:
        return {
            "model_version": self.artifact.manifest.version,
            "request_id": request_id or new_request_id(),
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "milliseconds": round((time.perf_counter() - start) * 1000, 3),
            "warnings": self.contract.warnings(request),
        }


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid.uuid4().hex
