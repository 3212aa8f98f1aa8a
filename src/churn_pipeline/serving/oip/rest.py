"""The protocol over REST: below `/v2`, in the same application as `/predict`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec

from churn_pipeline.serving.contract import (
    MAX_BYTES,
    MAX_BYTES_BATCH,
    MAX_VALUES,
    check_values,
)
from churn_pipeline.serving.oip.infer import Inference, Inferred, infer
from churn_pipeline.serving.oip.model import (
    OUTPUTS,
    found,
    is_ready,
    model_metadata,
    server_metadata,
)
from churn_pipeline.serving.oip.tensors import Tensor
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.refusal import refusal, shown
from churn_pipeline.serving.wire import Call, Headers, Reply, body_of, request_id_of
from churn_pipeline.serving.work import in_thread

Endpoint = Callable[[Parts, Call], Awaitable[Reply]]

ROOT = "/v2"
INFER, OTHER = "/v2/infer", "/v2/"
"""What metrics, the journal and the roles know the addresses by."""
LENGTH = b"inference-header-content-length"
"""Header: how many bytes of JSON stand before the raw contents of inputs."""


class InputTensor(msgspec.Struct):
    """A feature of all customers, or their `customer_id`, by name."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class WantedOutput(msgspec.Struct):
    """An output that is wanted."""

    name: str


class InferenceRequest(msgspec.Struct):
    """The body of a request; what else is in it is the client's own."""

    inputs: list[InputTensor]
    id: str = ""
    outputs: list[WantedOutput] = []


_decode = msgspec.json.Decoder(InferenceRequest).decode


def oip_label(path: str) -> str | None:
    """Return what an address of the protocol is counted under; None: it is none.

    Examples:
        >>> oip_label("/v2/models/shop/infer"), oip_label("/v2"), oip_label("/v20")
        ('/v2/infer', '/v2/', None)
    """
    if path != ROOT and not path.startswith(OTHER):
        return None
    return INFER if path.endswith("/infer") else OTHER


def oip_methods(path: str) -> Mapping[str, Endpoint] | None:
    """Return what answers at an address of the protocol, by method; None: nothing."""
    if oip_label(path) is None:
        return None
    fixed = _FIXED.get(path.rstrip("/"))
    if fixed is not None:
        return {"GET": fixed}
    match [unquote(part) for part in path.split("/")[2:]]:
        case ["models", name, *rest] if name:
            return _of_model(name, rest)
    return None


def _of_model(name: str, rest: list[str]) -> Mapping[str, Endpoint] | None:
    version = ""
    match rest:
        case ["versions", named, *others] if named:
            version, rest = named, others
    match rest:
        case []:
            return {"GET": partial(_metadata, name=name, version=version)}
        case ["ready"]:
            return {"GET": partial(_model_ready, name=name, version=version)}
        case ["infer"]:
            return {"POST": partial(_infer, name=name, version=version)}
    return None


def with_error(reply: Reply) -> Reply:
    """Return a refusal with the member that the protocol's clients read."""
    told = msgspec.json.decode(reply.body)
    reply.body = msgspec.json.encode({"error": told["message"], **told})
    return reply


async def _server(parts: Parts, call: Call) -> Reply:
    return _json(server_metadata(parts.models))


async def _live(parts: Parts, call: Call) -> Reply:
    return _json({"live": True})


async def _ready(parts: Parts, call: Call) -> Reply:
    ready = is_ready(parts.models.champion)
    return _json({"ready": ready}, 200 if ready else 503)


_FIXED: dict[str, Endpoint] = {
    ROOT: _server,
    "/v2/health/live": _live,
    "/v2/health/ready": _ready,
}


async def _metadata(parts: Parts, call: Call, *, name: str, version: str) -> Reply:
    return _json(model_metadata(parts.models, name, version))


async def _model_ready(parts: Parts, call: Call, *, name: str, version: str) -> Reply:
    ready = is_ready(found(parts.models, name, version))
    return _json({"name": name, "ready": ready}, 200 if ready else 503)


async def _infer(parts: Parts, call: Call, *, name: str, version: str) -> Reply:
    raw = await body_of(call, MAX_BYTES_BATCH)
    if len(raw) > MAX_BYTES:
        body, inputs = await in_thread(parts, lambda: _read(raw, call.headers))
    else:
        body, inputs = _read(raw, call.headers)
    asked = Inference(
        model=name,
        version=version,
        inputs=inputs,
        outputs=[output.name for output in body.outputs],
        request_id=_request_id(body.id, call),
        start=call.start,
        endpoint=INFER,
        key_hash=call.key_hash,
        n_bytes=len(raw),
    )
    return _json(answer_of(asked, await infer(parts, asked), body.id))


def answer_of(asked: Inference, told: Inferred, given: str) -> dict[str, Any]:
    """Return an answer in the protocol's terms.

    Args:
        asked: The request.
        told: What is answered.
        given: The id that the body gave; empty where it gave none.
    """
    outputs = [
        {
            "name": output,
            "datatype": OUTPUTS[output],
            "shape": [told.n_rows],
            "data": values,
        }
        for output, values in told.outputs.items()
    ]
    return {
        "model_name": asked.model,
        "model_version": told.version,
        "id": given,
        "parameters": {"request_id": asked.request_id},
        "outputs": outputs,
    }


def _request_id(given: str, call: Call) -> str:
    """Return the id that the body gives where it is sane, else that of the call."""
    if not given:
        return call.request_id
    call.request_id = request_id_of({b"x-request-id": given.encode()})
    return call.request_id


def _read(raw: bytes, headers: Headers) -> tuple[InferenceRequest, list[Tensor]]:
    """Return a request; contents of inputs in JSON, or raw behind it.

    Raises:
        Refusal: It is not written as the protocol says.
    """
    end = _length(headers, len(raw))
    check_values(raw[:end], MAX_VALUES)
    try:
        body = _decode(raw[:end])
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        expected = "an inference request of the Open Inference Protocol, version 2"
        code = "invalid_json"
        raise refusal(400, code, expected=expected, received=str(error)) from None
    tensors, at = [], end
    for given in body.inputs:
        size = given.parameters.get("binary_data_size")
        if size is None:
            values: Sequence[Any] | bytes = _flat(given.data or [])
        else:
            if type(size) is not int or not 0 <= size <= len(raw) - at:
                expected = f"binary_data_size of 0 to {len(raw) - at}, what is left"
                code = "invalid_value"
                raise refusal(400, code, expected=expected, received=shown(size))
            values, at = raw[at : at + size], at + size
        tensors.append(Tensor(given.name, given.datatype, given.shape, values))
    return body, tensors


def _length(headers: Headers, n_bytes: int) -> int:
    """Return how many bytes of the body are JSON."""
    given = headers.get(LENGTH)
    if given is None:
        return n_bytes
    if not given.isdigit() or len(given) > len(str(n_bytes)) or int(given) > n_bytes:
        expected = f"{LENGTH.decode()} of 0 to {n_bytes}"
        received = shown(given.decode("latin-1"))
        raise refusal(400, "invalid_value", expected=expected, received=received)
    return int(given)


def _flat(data: list[Any]) -> list[Any]:
    """Return the values of shape [n, 1], which may be nested, as those of [n]."""
    if all(isinstance(value, list) and len(value) == 1 for value in data):
        return [value for (value,) in data]
    return data


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(msgspec.json.encode(value), status)
