"""The REST form of the Open Inference Protocol, in the OpenAPI document."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict

from churn_pipeline.feature import Feature
from churn_pipeline.serving.answering import answer_one
from churn_pipeline.serving.answers import ErrorAnswer
from churn_pipeline.serving.contract import MAX_BYTES_BATCH, MAX_ROWS
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.oip.infer import Inference, inferred
from churn_pipeline.serving.oip.model import (
    OUTPUTS,
    model_metadata,
    server_metadata,
)
from churn_pipeline.serving.oip.rest import (
    INFER,
    LENGTH,
    OTHER,
    InferenceRequest,
    answer_of,
)
from churn_pipeline.serving.oip.tensors import TEXT
from churn_pipeline.serving.openapi.examples import (
    REQUEST_ID,
    Row,
    asked,
    example_rows,
)
from churn_pipeline.serving.openapi.shapes import (
    REF,
    WITH_KEY,
    Json,
    Operation,
    json_of,
    ref,
)
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.routing import OUTSIDE, Side
from churn_pipeline.serving.text import CustomerId

_BODY = ("400", "408", "413", "422")
REFUSED = "InferenceRefused"
"""What names of refusals of the protocol's addresses begin with."""


class _Shape(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class ServerMetadata(_Shape):
    """Name of the service, and the version of its champion."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(_Shape):
    """An input or an output; -1 stands for any number of customers."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(_Shape):
    """What a model asks for and answers."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    properties: dict[str, CustomerId]


class ServerLive(_Shape):
    """Whether the process answers."""

    live: bool


class ServerReady(_Shape):
    """Whether the model gives its golden answers."""

    ready: bool


class ModelReady(ServerReady):
    """Whether a model gives its golden answers."""

    name: str


class OutputTensor(_Shape):
    """One output of all customers, in their order."""

    name: str
    datatype: str
    shape: list[int]
    data: list[str | bool | float | None]


class InferenceAnswer(_Shape):
    """Answer to an inference request.

    Attributes:
        model_name: As it was asked for.
        model_version: Of the model that answered; empty where two did.
        id: As the body gave it.
        parameters: The request's id in the prediction log.
        outputs: What is foreseen.
    """

    model_name: str
    model_version: str
    id: str
    parameters: dict[str, str]
    outputs: list[OutputTensor]


class InferenceError(ErrorAnswer):
    """Every refusal of the protocol's addresses.

    Attributes:
        error: The message, where the protocol's clients look for it.
    """

    error: str


MODELS = (
    *(ServerMetadata, ModelMetadata, ServerLive, ServerReady, ModelReady),
    *(InferenceAnswer, InferenceError),
)


def schemas() -> Json:
    """Return the schemas of a request, by name."""
    template = REF.replace("{model}", "{name}")
    _, found = msgspec.json.schema_components(
        (InferenceRequest,), ref_template=template
    )
    return found


def of_the_protocol(predictor: Predictor) -> Json:
    """Return the paths of the protocol."""
    models, name = Models(predictor), predictor.dataset
    of_model = "/v2/models/{name}"
    found = {
        "/v2": _get("server_metadata", ServerMetadata, server_metadata(models)),
        "/v2/health/live": _get("server_live", ServerLive, {"live": True}),
        "/v2/health/ready": _get("server_ready", ServerReady, {"ready": True}),
    }
    for ending in ("", "/versions/{version}"):
        suffix = "_of_version" if ending else ""
        given = _parameters(predictor)[: 2 if ending else 1]
        shown = model_metadata(models, name, "")
        ready = {"name": name, "ready": True}
        about = _get(f"model_metadata{suffix}", ModelMetadata, shown, *given)
        probe = _get(f"model_ready{suffix}", ModelReady, ready, *given)
        found[of_model + ending] = about
        found[f"{of_model}{ending}/ready"] = probe
        inference = _infer(predictor, suffix, given)
        found[f"{of_model}{ending}/infer"] = {"post": inference}
    return found


def _get(name: str, model: type[BaseModel], told: Any, *parameters: Json) -> Json:
    refusals = (*WITH_KEY, "404") if parameters else WITH_KEY
    operation = Operation(
        name=name,
        path=OTHER,
        summary=str(model.__doc__).strip().rstrip("."),
        told=json_of(ref(model), told),
        parameters=parameters,
        refusals=refusals,
        refused=REFUSED,
    )
    return {"get": operation.document()}


def _infer(predictor: Predictor, suffix: str, given: tuple[Json, ...]) -> Json:
    (row, *_) = example_rows(predictor)
    length = {
        "name": LENGTH.decode(),
        "in": "header",
        "description": "How many bytes of JSON stand before raw contents of inputs, "
        "each of which gives its `binary_data_size`",
        "schema": {"type": "integer", "minimum": 0},
    }
    operation = Operation(
        name=f"infer{suffix}",
        path=INFER,
        summary=f"Churn probabilities of 1 to {MAX_ROWS:,} customers, as tensors",
        about=f"At most {MAX_BYTES_BATCH:,} bytes.",
        asked=json_of(
            ref(InferenceRequest.__name__), {"inputs": _tensors(predictor, row)}
        ),
        told=json_of(ref(InferenceAnswer), _told(predictor, row, outside=bool(suffix))),
        parameters=(*given, length),
        refusals=(*WITH_KEY, *_BODY, "404"),
        refused=REFUSED,
    )
    return operation.document()


def _tensors(predictor: Predictor, row: Row) -> list[Json]:
    features = predictor.contract.features
    return [
        {
            "name": name,
            "datatype": "FP64"
            if name in features and _number(features[name])
            else TEXT,
            "shape": [1],
            "data": [value],
        }
        for name, value in row.items()
    ]


def _number(feature: Feature) -> bool:
    return feature.type == "number"


def _told(predictor: Predictor, row: Row, *, outside: bool) -> Json:
    """Return the answer to a customer; of who names a version as `outside`."""
    question = asked(predictor, row)
    side = Side(predictor, OUTSIDE if outside else "champion")
    told = answer_one(question, question.reader.one(question.body), side).told
    inference = Inference(
        model=predictor.dataset,
        version="",
        inputs=(),
        outputs=(),
        request_id=REQUEST_ID,
        start=question.start,
        endpoint=INFER,
        key_hash="",
        n_bytes=len(question.body),
    )
    found = inferred([(side, told)], list(OUTPUTS))
    answer: Json = msgspec.to_builtins(answer_of(inference, found, ""))
    return answer


def _parameters(predictor: Predictor) -> tuple[Json, Json]:
    """Return name and version of a model in an address, each the only true one."""
    return (
        _in_path("name", "Name of the data set", predictor.dataset),
        _in_path("version", "Version of a model at hand", predictor.version),
    )


def _in_path(name: str, about: str, example: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": {"type": "string"},
        "example": example,
    }
