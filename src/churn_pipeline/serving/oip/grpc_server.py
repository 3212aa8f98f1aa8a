"""The protocol over gRPC, in the process and the event loop of the service.

Imported only where `CHURN_GRPC_PORT` is set: grpcio and protobuf are an extra.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import grpc
import grpc.aio

from churn_pipeline.serving.contract import MAX_BYTES_BATCH
from churn_pipeline.serving.oip import open_inference_grpc_pb2 as pb
from churn_pipeline.serving.oip.grpc_message import (
    first_message,
    parsed_message,
    tensors,
)
from churn_pipeline.serving.oip.infer import Inference, infer
from churn_pipeline.serving.oip.model import (
    OUTPUTS,
    found,
    is_ready,
    model_metadata,
    server_metadata,
)
from churn_pipeline.serving.oip.place import HOST, PORT, USUAL_HOST, port_of
from churn_pipeline.serving.oip.tensors import packed
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.refusal import Refusal, refusal
from churn_pipeline.serving.tls import CERTIFICATE, KEY
from churn_pipeline.serving.wire import Headers, new_request_id, request_id_of
from churn_pipeline.serving.work import in_thread

SERVICE = "inference.GRPCInferenceService"
LABEL = "/v2/grpc/"
"""What metrics, the journal and the roles know a method by, before its name."""

MOST_CALLS = 256
"""Calls in work; grpcio refuses more."""
SMALL = 32 * 2**10
"""Bytes of a message that is read on the event loop; its fields may be of 2 bytes."""

_CODES = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
"""HTTP status of a refusal -> code; others are faults of the request."""

logger = logging.getLogger(__name__)


class Rpc:
    """What a method is told of a call beside its message."""

    __slots__ = ("key_hash", "label", "n_bytes", "request_id", "start")

    def __init__(self, label: str, headers: Headers, start: float) -> None:
        """Begin; nobody is known to ask yet."""
        self.label, self.start, self.key_hash, self.n_bytes = label, start, "", 0
        self.request_id = request_id_of(headers) if headers else new_request_id()


Method = Callable[[Parts, Any, Rpc], Awaitable[Any]]
T = TypeVar("T")


async def start_grpc(parts: Parts, environment: Mapping[str, str]) -> grpc.aio.Server:
    """Return the server, which listens.

    Args:
        parts: What a call meets.
        environment: `CHURN_GRPC_PORT`, `CHURN_GRPC_HOST` (127.0.0.1 where it is not
            set), and the certificate of `tls.py` where there is one.

    Raises:
        ValueError: The port is none.
        OSError: It is taken, or the certificate cannot be read.
    """
    host, port = environment.get(HOST, USUAL_HOST), port_of(environment)
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", MAX_BYTES_BATCH)],
        maximum_concurrent_rpcs=MOST_CALLS,
    )
    server.add_generic_rpc_handlers((_handlers(parts),))
    address, expected = f"{host}:{port}", f"expected a free port in {PORT}"
    try:
        credentials = _credentials(environment)
        if credentials is None:
            server.add_insecure_port(address)
        else:
            server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"{expected}, got {address}: {error}") from error
    await server.start()
    logger.warning("the Open Inference Protocol is spoken by gRPC at %s", address)
    return server


def _credentials(environment: Mapping[str, str]) -> grpc.ServerCredentials | None:
    certificate, key = environment.get(CERTIFICATE), environment.get(KEY)
    if not certificate or not key:
        return None
    pair = Path(key).read_bytes(), Path(certificate).read_bytes()
    return grpc.ssl_server_credentials([pair])


def _handlers(parts: Parts) -> grpc.GenericRpcHandler:
    """Return the methods, which take a stream as clients send one message.

    So nothing of it is read, and nothing made of it, for callers who are refused.
    """
    made = {
        name: grpc.stream_unary_rpc_method_handler(
            _method(parts, name, method),
            response_serializer=getattr(pb, f"{name}Response").SerializeToString,
        )
        for name, method in _METHODS.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, made)


def _method(parts: Parts, name: str, method: Method) -> Any:
    """Return a method behind the door that HTTP has: key, role, limit, gate."""
    label, kind = LABEL + name, getattr(pb, f"{name}Request")

    async def answer(messages: Any, context: Any) -> Any:
        """Answer a call, or end it with why not."""
        start = time.perf_counter()
        headers = _headers(context)
        rpc = Rpc(label, dict(headers), start)
        refused, reply, status = None, None, 200
        try:
            peer = context.peer()
            caller = parts.access.admit(headers, _address(peer), label)
            parts.gate.enter()
            rpc.key_hash = caller.key_hash
            raw = await first_message(messages)
            rpc.n_bytes = len(raw)
            message = await _aside(parts, rpc, lambda: parsed_message(raw, kind))
            reply = await method(parts, message, rpc)
        except Exception as error:
            refused = _refused(error, rpc)
            status = refused.status
        parts.metrics.answered(label, status, time.perf_counter() - start)
        if refused is not None:
            await _abort(context, refused, rpc)
        return reply

    return answer


async def _aside(parts: Parts, rpc: Rpc, work: Callable[[], T]) -> T:
    """Do what a small message asks for at once, and that of a large in the thread."""
    return work() if rpc.n_bytes <= SMALL else await in_thread(parts, work)


def _headers(context: Any) -> list[tuple[bytes, bytes]]:
    """Return the metadata as ASGI has headers."""
    return [
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in context.invocation_metadata() or ()
    ]


def _address(peer: str) -> str:
    """Return the address of a peer, as HTTP tells it.

    Examples:
        >>> _address("ipv4:127.0.0.1:3001"), _address("ipv6:%5B::1%5D:3001")
        ('127.0.0.1', '::1')
    """
    _, _, address = peer.partition(":")
    host, _, _ = address.rpartition(":")
    return host.removeprefix("%5B").removesuffix("%5D").strip("[]")


def _refused(error: Exception, rpc: Rpc) -> Refusal:
    """Return why there is no answer; a fault of ours goes to the log, whole."""
    if isinstance(error, Refusal):
        return error
    logger.error("request %s failed", rpc.request_id, exc_info=error)
    received = f"a fault of ours; the log has it under {rpc.request_id}"
    return refusal(500, "internal_error", expected="an answer", received=received)


async def _abort(context: Any, refused: Refusal, rpc: Rpc) -> None:
    """End a call with the text that HTTP gives, its code and when to ask again."""
    trailing = [("code", refused.problems[0].code), ("x-request-id", rpc.request_id)]
    if refused.retry_after is not None:
        trailing.append(("retry-after", str(refused.retry_after)))
    code = _CODES.get(refused.status, grpc.StatusCode.INVALID_ARGUMENT)
    await context.abort(code, str(refused), tuple(trailing))


async def _live(parts: Parts, message: Any, rpc: Rpc) -> Any:
    return pb.ServerLiveResponse(live=True)


async def _ready(parts: Parts, message: Any, rpc: Rpc) -> Any:
    return pb.ServerReadyResponse(ready=is_ready(parts.models.champion))


async def _model_ready(parts: Parts, message: Any, rpc: Rpc) -> Any:
    model = found(parts.models, message.name, message.version)
    return pb.ModelReadyResponse(ready=is_ready(model))


async def _server(parts: Parts, message: Any, rpc: Rpc) -> Any:
    return pb.ServerMetadataResponse(**server_metadata(parts.models))


async def _model(parts: Parts, message: Any, rpc: Rpc) -> Any:
    told = model_metadata(parts.models, message.name, message.version)
    return pb.ModelMetadataResponse(**told)


async def _infer(parts: Parts, message: Any, rpc: Rpc) -> Any:
    if message.id:
        rpc.request_id = request_id_of({b"x-request-id": message.id.encode()})
    asked = Inference(
        model=message.model_name,
        version=message.model_version,
        inputs=await _aside(parts, rpc, lambda: tensors(message)),
        outputs=[output.name for output in message.outputs],
        request_id=rpc.request_id,
        start=rpc.start,
        endpoint=rpc.label,
        key_hash=rpc.key_hash,
        n_bytes=rpc.n_bytes,
    )
    told = await infer(parts, asked)
    answer = pb.ModelInferResponse(
        model_name=message.model_name, model_version=told.version, id=message.id
    )
    answer.parameters["request_id"].string_param = asked.request_id
    for name, values in told.outputs.items():
        kind = OUTPUTS[name]
        # Raw, the only contents that Triton's client reads of FP64.
        answer.outputs.add(name=name, datatype=kind, shape=[told.n_rows])
        answer.raw_output_contents.append(packed(values, kind))
    return answer


_METHODS: dict[str, Method] = {
    "ServerLive": _live,
    "ServerReady": _ready,
    "ModelReady": _model_ready,
    "ServerMetadata": _server,
    "ModelMetadata": _model,
    "ModelInfer": _infer,
}
