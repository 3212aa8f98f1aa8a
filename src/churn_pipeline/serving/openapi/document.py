"""The OpenAPI document of the service, with examples that are true."""

from __future__ import annotations

import json
from functools import lru_cache

from churn_pipeline.serving.answers import (
    Answer,
    BatchAnswer,
    ErrorAnswer,
    ExplainedAnswer,
    ExplainedBatch,
)
from churn_pipeline.serving.by_id import CustomerById
from churn_pipeline.serving.hook import SIGNATURE
from churn_pipeline.serving.journal.truth import Taken, Truth
from churn_pipeline.serving.openapi import customers, desk, inference, running
from churn_pipeline.serving.openapi.examples import broken_row, example_rows
from churn_pipeline.serving.openapi.page import page_of
from churn_pipeline.serving.openapi.shapes import (
    KEY,
    REFUSED,
    Json,
    refusals,
    schemas_of,
)
from churn_pipeline.serving.predictor import Predictor

_TOLD = (
    *(Answer, BatchAnswer, ExplainedAnswer, ExplainedBatch, ErrorAnswer),
    *(CustomerById, Truth, Taken, *running.MODELS, *desk.MODELS, *inference.MODELS),
)


# The answers of the model that serves now; a swap makes others.
@lru_cache(maxsize=1)
def document(predictor: Predictor) -> bytes:
    """Return the OpenAPI document of the service, as JSON."""
    return json.dumps(openapi(predictor)).encode()


@lru_cache(maxsize=1)
def page(predictor: Predictor) -> bytes:
    """Return the OpenAPI document of the service, as a page for people."""
    return page_of(openapi(predictor)).encode()


@lru_cache(maxsize=1)
def example(predictor: Predictor) -> bytes:
    """Return a customer for `/predict`, as JSON."""
    return json.dumps(example_rows(predictor)[0]).encode()


def openapi(predictor: Predictor) -> Json:
    """Return the OpenAPI document of the service, as JSON values."""
    manifest = predictor.artifact.manifest
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Churn of {manifest.dataset}",
            "version": manifest.version,
            "description": f"Churn probabilities by model {manifest.version}. "
            "Name every feature; null where a value is not known. A customer_id alone "
            "takes the features from the online store. Whatever is refused is refused "
            "in JSON; so are an address that there is not (404) and a method that it "
            "does not have (405).",
        },
        "security": [{"key": []}],
        "paths": {
            "/predict": {"post": customers.predict(predictor).document()},
            "/predict_batch": {"post": customers.predict_batch(predictor).document()},
            "/explain": {"post": customers.explain(predictor).document()},
            "/feedback": {"post": customers.feedback().document()},
            "/example": {"get": customers.example(predictor).document()},
            **running.of_the_service(predictor),
            **desk.of_the_desk(),
            **inference.of_the_protocol(predictor),
        },
        "components": _components(predictor),
    }


def _components(predictor: Predictor) -> Json:
    (row, *_) = example_rows(predictor)
    broken = broken_row(predictor, row)
    with_error = {"error": broken["message"], **broken}
    prefix, error = inference.REFUSED, inference.InferenceError
    return {
        "schemas": inference.schemas() | schemas_of((predictor.contract.row, *_TOLD)),
        "responses": refusals(REFUSED, ErrorAnswer, broken)
        | refusals(prefix, error, with_error),
        "securitySchemes": {
            "key": {
                "type": "apiKey",
                "in": "header",
                "name": KEY,
                "description": "As `kedro churn keys add NAME --role ROLE` prints it",
            },
            "signature": {
                "type": "apiKey",
                "in": "header",
                "name": SIGNATURE.decode(),
                "description": "MLflow's, made with the secret in CHURN_HOOK_SECRET",
            },
        },
    }
