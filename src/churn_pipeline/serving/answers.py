"""The shapes of answers and refusals, as the OpenAPI page shows them.

`text.py` writes them; a test compares the two.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from pydantic import BaseModel

from churn_pipeline.release.reasons import Reason
from churn_pipeline.serving.refusal import Problem, Refusal
from churn_pipeline.serving.text import CustomerId, Warnings
from churn_pipeline.serving.wire import Reply


class Prediction(BaseModel):
    """What is foreseen of one customer.

    Attributes:
        customer_id: As it came.
        churn_probability: In [0, 1].
        threshold: Probability from which on a call of this customer is expected to
            earn money; None where no call is.
        decision: `call` where the probability reaches the threshold, else `no_call`;
            `gone` where the features say that the customer has left already.
        kept_aside: Whether the customer is in the control group: not to be called,
            whatever the decision. False without a `customer_id`, and where no list
            keeps anybody aside.
        expected_profit: Money that a call is expected to earn.
        certainty: `leaves` or `stays` where the model is sure, else `not_sure`.
        model_version: Version of the model that answered.
        variant: Which side of a rollout it is: `champion`, `challenger`, or `outside`
            of a customer who takes no part in it.
    """

    customer_id: CustomerId
    churn_probability: float
    threshold: float | None
    decision: Literal["call", "no_call", "gone"]
    kept_aside: bool
    expected_profit: float | None
    certainty: Literal["leaves", "stays", "not_sure"]
    model_version: str
    variant: Literal["champion", "challenger", "outside"]


class Explained(Prediction):
    """A prediction and what speaks for it.

    Attributes:
        reasons: What makes churn more or less probable than usual, the weightiest
            first.
    """

    reasons: list[Reason]


class About(BaseModel):
    """What every answer says of itself.

    Attributes:
        request_id: Of this request.
        time: When it was answered, UTC, ISO 8601.
        milliseconds: How long it took.
        warnings: Feature -> how many values were missing or an unknown category; the
            model answers to those as it has learnt to.
    """

    request_id: str
    time: str
    milliseconds: float
    warnings: Warnings


class Answer(Prediction, About):
    """Answer to `/predict`."""


class BatchAnswer(About):
    """Answer to `/predict_batch`, predictions in the order of the rows."""

    predictions: list[Prediction]


class ExplainedAnswer(Explained, About):
    """Answer to `/explain` of one customer."""


class ExplainedBatch(About):
    """Answer to `/explain` of a list, in the order of the rows."""

    predictions: list[Explained]


class ErrorAnswer(BaseModel):
    """Every refusal: the first problem, then all of them, at most 20."""

    code: str
    message: str
    field: str
    expected: str
    received: str
    problems: list[Problem]
    request_id: str
    model_version: str | None


def failure(refused: Refusal, request_id: str, version: str | None) -> Reply:
    """Return the answer to who is refused."""
    first = refused.problems[0]
    told = {
        "code": first.code,
        "message": str(refused),
        "field": first.field,
        "expected": first.expected,
        "received": first.received,
        "problems": [problem.model_dump() for problem in refused.problems],
        "request_id": request_id,
        "model_version": version,
    }
    return Reply(msgspec.json.encode(told), refused.status, headers=[*refused.headers])
