"""Answers to requests: the artifact's probabilities and what follows from them."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.contract import Contract, Request
from churn_pipeline.serving.decide import decide, has_lapsed

CustomerId = str | int | None
Warnings = dict[str, dict[str, int]]


class Prediction(BaseModel):
    """What is foreseen of one customer.

    Attributes:
        customer_id: As it came.
        churn_probability: In [0, 1].
        decision: `call` where the probability reaches the threshold, else `no_call`;
            `gone` where the features say that the customer has left already.
    """

    customer_id: CustomerId
    churn_probability: float
    decision: Literal["call", "no_call", "gone"]


class About(BaseModel):
    """What every answer says of itself.

    Attributes:
        threshold: Probability from which on a customer is called.
        model_version: Version of the model that answered.
        request_id: Of this request.
        time: When it was answered, UTC, ISO 8601.
        milliseconds: How long it took.
        warnings: Feature -> how many values were missing or an unknown category; the
            model answers to those as it has learnt to.
    """

    threshold: float
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

    def predict(self, body: bytes, request_id: str | None = None) -> Answer:
        """Return the answer to one customer, a JSON object.

        Raises:
            Refusal: The body breaks the contract.
        """
        start = time.perf_counter()
        request = self.contract.read_one(body)
        (prediction,) = self._predictions(request)
        about = self._about(request, start, request_id)
        return Answer(**prediction.__dict__, **about)

    def predict_batch(self, body: bytes, request_id: str | None = None) -> BatchAnswer:
        """Return the answer to a JSON list of customers.

        Raises:
            Refusal: The body breaks the contract.
        """
        start = time.perf_counter()
        request = self.contract.read_many(body)
        predictions = self._predictions(request)
        about = self._about(request, start, request_id)
        return BatchAnswer(predictions=predictions, **about)

    def _predictions(self, request: Request) -> list[Prediction]:
        probability: NDArray[np.float64] = self.artifact.predict(request.columns)
        manifest = self.artifact.manifest
        gone = has_lapsed(request.columns, manifest)
        decisions = decide(probability, manifest.threshold, gone=gone)
        rows = zip(request.ids, probability.tolist(), decisions.tolist(), strict=True)
        return [
            Prediction(customer_id=i, churn_probability=p, decision=d)
            for i, p, d in rows
        ]

    def _about(
        self, request: Request, start: float, request_id: str | None
    ) -> dict[str, Any]:
        return {
            "threshold": self.artifact.manifest.threshold,
            "model_version": self.artifact.manifest.version,
            "request_id": request_id or new_request_id(),
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "milliseconds": round((time.perf_counter() - start) * 1000, 3),
            "warnings": self.contract.warnings(request),
        }


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid.uuid4().hex
