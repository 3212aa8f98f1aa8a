"""What is asked about customers: predictions, reasons, and what became of them."""

from __future__ import annotations

import json

from churn_pipeline.serving.answering import answer_explained, answer_many, answer_one
from churn_pipeline.serving.answers import (
    Answer,
    BatchAnswer,
    ExplainedAnswer,
    ExplainedBatch,
)
from churn_pipeline.serving.bodies import ARROW, CSV, PARQUET
from churn_pipeline.serving.by_id import CustomerById
from churn_pipeline.serving.contract import (
    MAX_BYTES,
    MAX_BYTES_BATCH,
    MAX_REASONS,
    MAX_ROWS,
    MAX_ROWS_WITH_REASONS,
    REASONS,
)
from churn_pipeline.serving.journal.truth import MAX_LABELS, Taken, Truth
from churn_pipeline.serving.openapi.examples import (
    REQUEST_ID,
    as_csv,
    asked,
    example_rows,
)
from churn_pipeline.serving.openapi.shapes import (
    WITH_BODY,
    WITH_KEY,
    Json,
    Operation,
    content,
    json_of,
    list_of,
    ref,
)
from churn_pipeline.serving.predictor import Predictor

_SMALL = f"At most {MAX_BYTES:,} bytes."
_LARGE = f"At most {MAX_BYTES_BATCH:,} bytes."
_TABLE = (
    "One column for each feature, each named, and `customer_id` where there is one; or "
    "`customer_id` alone. An empty cell of a CSV, and a NaN, are null."
)
_BY_ID = ("404", "409")
_TAKEN = Taken(accepted=1, request_id=REQUEST_ID)


def predict(predictor: Predictor) -> Operation:
    """Return `POST /predict`."""
    customer = predictor.contract.row
    (row, *_) = example_rows(predictor)
    question = asked(predictor, row)
    values = question.reader.one(question.body)
    body = answer_one(question, values, question.router.side(values)).answer
    return Operation(
        name="predict",
        path="/predict",
        summary="Churn probability of one customer, by features or by id alone",
        about=_SMALL,
        asked=json_of({"oneOf": [ref(customer), ref(CustomerById)]}, row),
        told=json_of(ref(Answer), json.loads(body)),
        refusals=WITH_KEY + WITH_BODY + _BY_ID,
    )


def predict_batch(predictor: Predictor) -> Operation:
    """Return `POST /predict_batch`."""
    rows = example_rows(predictor)
    body, _ = answer_many(asked(predictor, rows))
    one = {"oneOf": [ref(predictor.contract.row), ref(CustomerById)]}
    text: Json = {"type": "string", "description": f"CSV with a header. {_TABLE}"}
    tables = {
        kind: content({"type": "string", "format": "binary", "description": _TABLE})
        for kind in (PARQUET, ARROW)
    }
    return Operation(
        name="predict_batch",
        path="/predict_batch",
        summary=f"Churn probabilities of 1 to {MAX_ROWS:,} customers",
        about=f"{_LARGE} A customer without a field that the model asks for, or whom "
        "the online store does not have, refuses the whole batch: the refusal tells "
        "the row. Of one customer the probability may differ from that of /predict by "
        "1e-7 of itself: the same sums in another order.",
        asked={
            **json_of(list_of(one, MAX_ROWS), rows),
            CSV: content(text, as_csv(rows)),
            **tables,
        },
        told=json_of(ref(BatchAnswer), json.loads(body)),
        refusals=WITH_KEY + WITH_BODY + _BY_ID,
    )


def explain(predictor: Predictor) -> Operation:
    """Return `POST /explain`."""
    (row, *_) = example_rows(predictor)
    one = [ref(predictor.contract.row), ref(CustomerById)]
    rows = list_of({"oneOf": one}, MAX_ROWS_WITH_REASONS)
    body, _ = answer_explained(asked(predictor, row), 3)
    told = {"oneOf": [ref(ExplainedAnswer), ref(ExplainedBatch)]}
    return Operation(
        name="explain",
        path="/explain",
        summary="Churn probability of a customer, or of a list of them, and why",
        about=_SMALL,
        asked=json_of({"oneOf": [*one, rows]}, row),
        told=json_of(told, json.loads(body)),
        parameters=(_reasons(),),
        refusals=WITH_KEY + WITH_BODY + _BY_ID,
    )


def feedback() -> Operation:
    """Return `POST /feedback`."""
    label = {"request_id": REQUEST_ID, "churned": True}
    shape = {"oneOf": [ref(Truth), list_of(ref(Truth), MAX_LABELS)]}
    return Operation(
        name="feedback",
        path="/feedback",
        summary="Take what became of customers: late, repeated or corrected labels",
        about=_LARGE,
        asked=json_of(shape, label),
        told=json_of(ref(Taken), _TAKEN.model_dump()),
        refusals=WITH_KEY + WITH_BODY,
    )


def example(predictor: Predictor) -> Operation:
    """Return `GET /example`."""
    (row, *_) = example_rows(predictor)
    return Operation(
        name="example",
        path="/example",
        summary="A customer to try /predict with",
        told=json_of(ref(predictor.contract.row), row),
    )


def _reasons() -> Json:
    return {
        "name": REASONS,
        "in": "query",
        "description": "Most reasons to give a customer, the weightiest first",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_REASONS},
    }
