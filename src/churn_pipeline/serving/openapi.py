"""The OpenAPI page, with examples that are true: golden rows and their answers."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from churn_pipeline.serving.answers import Answer, BatchAnswer, Predictor
from churn_pipeline.serving.contract import (
    CUSTOMER_ID,
    MAX_BYTES,
    MAX_BYTES_BATCH,
    MAX_REASONS,
    MAX_ROWS,
    MAX_ROWS_WITH_REASONS,
    REASONS,
)
from churn_pipeline.serving.refusal import Problem

REF = "#/components/schemas/{model}"


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


# A process has one predictor, which does not change: one answer to all who ask.
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
    rows = example_rows(predictor)
    one = json.dumps(rows[0]).encode()
    many = json.dumps(rows).encode()
    customer: type[BaseModel] = predictor.contract.row
    answers = (
        predictor.predict(one, "0" * 32).model_dump(),
        predictor.predict_batch(many, "0" * 32).model_dump(),
    )
    batch = {"type": "array", "items": _ref(customer), "maxItems": MAX_ROWS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Churn of {manifest.dataset}",
            "version": manifest.version,
            "description": f"Churn probabilities by model {manifest.version}. "
            "Name every feature; null where a value is not known.",
        },
        "paths": {
            "/predict": {
                "post": _operation(
                    "predict",
                    "Churn probability of one customer",
                    (_ref(customer), rows[0]),
                    (_ref(Answer), answers[0]),
                    MAX_BYTES,
                )
            },
            "/predict_batch": {
                "post": _operation(
                    "predict_batch",
                    f"Churn probabilities of 1 to {MAX_ROWS:,} customers",
                    (batch | {"minItems": 1}, rows),
                    (_ref(BatchAnswer), answers[1]),
                    MAX_BYTES_BATCH,
                )
            },
            "/example": {"get": _example(_ref(customer), rows[0])},
            "/livez": {"get": _probe("livez", "The process answers")},
            "/readyz": {"get": _probe("readyz", "The model is loaded and checked")},
        },
        "components": {"schemas": _schemas(customer, Answer, BatchAnswer, ErrorAnswer)},
    }


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


def _operation(
    name: str,
    summary: str,
    request: tuple[dict[str, Any], Any],
    response: tuple[dict[str, Any], Any],
    limit: int,
) -> dict[str, Any]:
    """Return an operation with its examples."""
    refused = {"description": "Refused", "content": _json(_ref(ErrorAnswer))}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [_reasons_parameter()],
        "requestBody": {"required": True, "content": _json(*request)},
        "responses": {
            "200": {"description": summary, "content": _json(*response)},
            "400": refused | {"description": "The body is not JSON"},
            "413": refused
            | {"description": f"More than {limit:,} bytes, or too many rows"},
            "415": refused | {"description": "Not application/json"},
            "422": refused | {"description": "A field breaks the contract"},
        },
    }


def _reasons_parameter() -> dict[str, Any]:
    return {
        "name": REASONS,
        "in": "query",
        "description": "Most reasons to give a customer, the weightiest first; of a "
        f"batch with reasons at most {MAX_ROWS_WITH_REASONS} customers are answered",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_REASONS},
    }


def _example(schema: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    summary = "A customer to try /predict with"
    answer = {"description": summary, "content": _json(schema, row)}
    return {
        "operationId": "example",
        "summary": summary,
        "responses": {"200": answer},
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
        "responses": {
            "200": {"description": summary},
            "503": {"description": "Not so"},
        },
    }


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=model.__name__)}


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    _, document = models_json_schema(
        [(model, "serialization") for model in models], ref_template=REF
    )
    schemas: dict[str, Any] = document["$defs"]
    return schemas
