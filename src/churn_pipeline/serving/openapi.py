"""The OpenAPI page, with examples that are true: golden rows and their answers."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from churn_pipeline.serving.answering import (
    Asked,
    answer_explained,
    answer_many,
    answer_one,
)
from churn_pipeline.serving.answers import (
    Answer,
    BatchAnswer,
    ErrorAnswer,
    ExplainedAnswer,
    ExplainedBatch,
)
from churn_pipeline.serving.bodies import KINDS
from churn_pipeline.serving.by_id import CustomerById
from churn_pipeline.serving.contract import (
    CUSTOMER_ID,
    MAX_BYTES,
    MAX_BYTES_BATCH,
    MAX_REASONS,
    MAX_ROWS,
    MAX_ROWS_WITH_REASONS,
    REASONS,
)
from churn_pipeline.serving.journal.truth import MAX_LABELS, Taken, Truth
from churn_pipeline.serving.openapi_rollout import MODELS, REF, rollout_paths
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.routing import Alone

KEY = "X-API-Key"

_REFUSALS = {
    "400": "The body is not JSON, or did not come whole",
    "401": "No key, or none that is known",
    "403": "The key's role may not do this",
    "404": "The online store does not know the customer who is named by id alone",
    "408": "The body came too slowly",
    "409": "The online store has old features only of the customer named by id alone",
    "415": "Not application/json",
    "422": "A field breaks the contract",
    "429": "The key's rate limit is reached",
    "503": "More is asked than can be done; ask again after Retry-After",
}


class Posted(NamedTuple):
    """A question that is posted, with a true example."""

    name: str
    summary: str
    asked: tuple[dict[str, Any], Any]
    told: tuple[dict[str, Any], Any]
    limit: int


# The answer of the model that serves now; a swap makes another.
@lru_cache(maxsize=1)
def document(predictor: Predictor) -> bytes:
    """Return the OpenAPI document of the service, as JSON."""
    return json.dumps(openapi(predictor)).encode()


@lru_cache(maxsize=1)
def example(predictor: Predictor) -> bytes:
    """Return a customer for `/predict`, as JSON."""
    return json.dumps(example_rows(predictor)[0]).encode()


def openapi(predictor: Predictor) -> dict[str, Any]:
    """Return the OpenAPI document of the service, as JSON values."""
    manifest = predictor.artifact.manifest
    customer = predictor.contract.row
    explained = _operation(_explain(predictor))
    explained["parameters"] = [_reasons_parameter()]
    explanations = (ExplainedAnswer, ExplainedBatch)
    told = (Answer, BatchAnswer, *explanations, Taken, ErrorAnswer)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Churn of {manifest.dataset}",
            "version": manifest.version,
            "description": f"Churn probabilities by model {manifest.version}. "
            "Name every feature; null where a value is not known. A customer_id alone "
            "takes the features from the online store.",
        },
        "security": [{"key": []}],
        "paths": {
            "/predict": {"post": _operation(_predict(predictor))},
            "/predict_batch": {"post": _tables(_operation(_predict_batch(predictor)))},
            "/explain": {"post": explained},
            "/feedback": {"post": _operation(_feedback())},
            "/example": {"get": _example(_ref(customer), example_rows(predictor)[0])},
            "/model": {"get": _shown("model", "Manifest of the model that answers")},
            "/metrics": {"get": _shown("metrics", "Prometheus metrics", "text/plain")},
            **rollout_paths(),
            "/livez": {"get": _probe("livez", "The process answers")},
            "/readyz": {"get": _probe("readyz", "The model gives its golden answers")},
        },
        "components": {
            "schemas": _schemas(customer, CustomerById, Truth, *told, *MODELS),
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": KEY}},
        },
    }


def _predict(predictor: Predictor) -> Posted:
    (row, *_) = example_rows(predictor)
    asked = _asked(predictor, row)
    values = asked.reader.one(asked.body)
    body = answer_one(asked, values, asked.router.side(values)).answer
    shape = {"oneOf": [_ref(predictor.contract.row), _ref(CustomerById)]}
    told = _ref(Answer), json.loads(body)
    summary = "Churn probability of one customer, by features or by id alone"
    return Posted("predict", summary, (shape, row), told, MAX_BYTES)


def _predict_batch(predictor: Predictor) -> Posted:
    rows = example_rows(predictor)
    body, _ = answer_many(_asked(predictor, rows))
    asked = _list(predictor.contract.row, MAX_ROWS)
    told = _ref(BatchAnswer), json.loads(body)
    summary = f"Churn probabilities of 1 to {MAX_ROWS:,} customers"
    return Posted("predict_batch", summary, (asked, rows), told, MAX_BYTES_BATCH)


def _explain(predictor: Predictor) -> Posted:
    (row, *_) = example_rows(predictor)
    customer = predictor.contract.row
    body, _ = answer_explained(_asked(predictor, row), 3)
    rows = _list(customer, MAX_ROWS_WITH_REASONS)
    asked = {"oneOf": [_ref(customer), _ref(CustomerById), rows]}
    told = {"oneOf": [_ref(ExplainedAnswer), _ref(ExplainedBatch)]}
    summary = "Churn probability of a customer, or of a list of them, and why"
    return Posted("explain", summary, (asked, row), (told, json.loads(body)), MAX_BYTES)


def _feedback() -> Posted:
    label = {"request_id": "0" * 32, "churned": True}
    asked = {"oneOf": [_ref(Truth), _list(Truth, MAX_LABELS)]}
    told = _ref(Taken), Taken(accepted=1, request_id="0" * 32).model_dump()
    summary = "Take what became of customers: late, repeated or corrected labels"
    return Posted("feedback", summary, (asked, label), told, MAX_BYTES_BATCH)


def _asked(predictor: Predictor, value: Any) -> Asked:
    body = json.dumps(value).encode()
    return Asked(
        predictor.reader, Alone(predictor), body, "0" * 32, time.perf_counter()
    )


def example_rows(predictor: Predictor, n_rows: int = 2) -> list[dict[str, Any]]:
    """Return golden rows as requests, those with the fewest warnings first."""
    columns, _ = predictor.artifact.golden
    n_golden = len(next(iter(columns.values())))
    for given in predictor.artifact.manifest.inputs:  # one may be no feature
        columns.setdefault(given.name, [None] * n_golden)
    rows = [
        {name: None if value == "" else value for name, value in zip(columns, row)}
        for row in zip(*columns.values(), strict=True)
    ]
    counted = [(_warnings(predictor, row), row) for row in rows]
    valid = sorted(
        ((n, row) for n, row in counted if n is not None), key=lambda pair: pair[0]
    )
    return [
        {CUSTOMER_ID: f"example-{i}", **row}
        for i, (_, row) in enumerate(valid[:n_rows], start=1)
    ]


def _warnings(predictor: Predictor, row: dict[str, Any]) -> int | None:
    """Return how many features of a row get a warning; None for an invalid row.

    Golden rows try extremes too, which the contract refuses.
    """
    try:
        request = predictor.contract.read_one(json.dumps(row).encode())
    except ValueError:
        return None
    return len(predictor.contract.warnings(request))


def _operation(posted: Posted) -> dict[str, Any]:
    """Return an operation with its examples."""
    limit = {"413": f"More than {posted.limit:,} bytes, or too many rows or values"}
    content = _json(_ref(ErrorAnswer))
    refusals = {
        status: {"description": about, "content": content}
        for status, about in (_REFUSALS | limit).items()
    }
    return {
        "operationId": posted.name,
        "summary": posted.summary,
        "requestBody": {"required": True, "content": _json(*posted.asked)},
        "responses": {
            "200": {"description": posted.summary, "content": _json(*posted.told)},
            **refusals,
        },
    }


def _tables(operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation whose rows may come as a table too, a column a field."""
    content = operation["requestBody"]["content"]
    for kind in KINDS[1:]:
        content[kind] = {"schema": {"type": "string", "format": "binary"}}
    return operation


def _reasons_parameter() -> dict[str, Any]:
    return {
        "name": REASONS,
        "in": "query",
        "description": "Most reasons to give a customer, the weightiest first",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_REASONS},
    }


def _example(schema: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    shown = _shown("example", "A customer to try /predict with")
    shown["responses"]["200"]["content"] = _json(schema, row)
    return shown


def _shown(name: str, summary: str, kind: str = "application/json") -> dict[str, Any]:
    answer = {"description": summary, "content": {kind: {}}}
    refused = _json(_ref(ErrorAnswer))
    refusals = {
        status: {"description": _REFUSALS[status], "content": refused}
        for status in ("401", "403", "429", "503")
    }
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": answer, **refusals},
    }


def _json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    content = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"application/json": content}


def _probe(name: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {
            "200": {"description": summary},
            "503": {"description": "Not so"},
        },
    }


def _list(model: type[BaseModel], at_most: int) -> dict[str, Any]:
    return {"type": "array", "items": _ref(model), "minItems": 1, "maxItems": at_most}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=model.__name__)}


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    _, document = models_json_schema(
        [(model, "serialization") for model in models], ref_template=REF
    )
    schemas: dict[str, Any] = document["$defs"]
    return schemas
