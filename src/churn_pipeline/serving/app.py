"""The ASGI application: reads bodies, asks the predictor, writes JSON."""

from __future__ import annotations

import logging

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from churn_pipeline.serving.answers import Predictor, new_request_id
from churn_pipeline.serving.asked import reasons_asked
from churn_pipeline.serving.contract import MAX_BYTES, MAX_BYTES_BATCH
from churn_pipeline.serving.openapi import ErrorAnswer, document, example
from churn_pipeline.serving.refusal import Refusal, refusal, shortened, too_large

logger = logging.getLogger(__name__)

JSON = "application/json"


def make_app() -> Starlette:
    """Return the application; `state.predictor` has to be set before it answers."""
    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/predict_batch", predict_batch, methods=["POST"]),
            Route("/example", show_example, methods=["GET"]),
            Route("/docs.json", show_document, methods=["GET"]),
        ]
    )


async def predict(request: Request) -> Response:
    """Answer to one customer; a body so small is answered without a thread."""
    request_id = new_request_id()
    try:
        reasons = reasons_asked(_query(request))
        body = await _body(request, MAX_BYTES)
        if reasons:  # hundreds of questions to the model
            return await run_in_threadpool(_answer, request, body, request_id, reasons)
        return _json(_predictor(request).predict(body, request_id))
    except Exception as error:
        return _failed(error, request_id, _predictor(request))


async def predict_batch(request: Request) -> Response:
    """Answer to many customers; in a thread, so that others are answered meanwhile."""
    request_id = new_request_id()
    try:
        reasons = reasons_asked(_query(request))
        body = await _body(request, MAX_BYTES_BATCH)
        return await run_in_threadpool(
            _answer_batch, request, body, request_id, reasons
        )
    except Exception as error:
        return _failed(error, request_id, _predictor(request))


async def show_example(request: Request) -> Response:
    """Answer a body for `/predict`."""
    found = await run_in_threadpool(example, _predictor(request))
    return Response(found, media_type=JSON)


async def show_document(request: Request) -> Response:
    """Answer the OpenAPI document."""
    made = await run_in_threadpool(document, _predictor(request))
    return Response(made, media_type=JSON)


def _answer(request: Request, body: bytes, request_id: str, reasons: int) -> Response:
    return _json(_predictor(request).predict(body, request_id, reasons=reasons))


def _answer_batch(
    request: Request, body: bytes, request_id: str, reasons: int
) -> Response:
    return _json(_predictor(request).predict_batch(body, request_id, reasons=reasons))


def _query(request: Request) -> list[tuple[str, str]]:
    """Return what stands after the address; nothing is parsed where nothing does."""
    if not request.scope.get("query_string"):
        return []
    return request.query_params.multi_items()


def _json(answer: BaseModel, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status, media_type=JSON)


def _predictor(request: Request) -> Predictor:
    predictor: Predictor = request.app.state.predictor
    return predictor


async def _body(request: Request, limit: int) -> bytes:
    """Return the body.

    Raises:
        Refusal: It is not declared as JSON, is larger than `limit` bytes, or its
            sender hung up.
    """
    kind = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
    if kind != JSON:
        received = shortened(kind)
        raise refusal(415, "unsupported_media_type", expected=JSON, received=received)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large(limit)
    except ClientDisconnect:
        told = {"expected": "the whole body", "received": f"{len(body):,} bytes of it"}
        raise refusal(400, "incomplete_body", **told) from None
    return bytes(body)


def _failed(error: Exception, request_id: str, predictor: Predictor) -> Response:
    """Return why there is no answer; a fault of ours goes to the log, whole."""
    if not isinstance(error, Refusal):
        logger.error("request %s failed", request_id, exc_info=error)
        received = f"a fault of ours; the log has it under {request_id}"
        error = refusal(500, "internal_error", expected="an answer", received=received)
    first = error.problems[0]
    told = ErrorAnswer(
        code=first.code,
        message=str(error),
        field=first.field,
        expected=first.expected,
        received=first.received,
        problems=list(error.problems),
        request_id=request_id,
        model_version=predictor.artifact.manifest.version,
    )
    return _json(told, error.status)
