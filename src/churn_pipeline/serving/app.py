"""The ASGI application: reads bodies, asks the predictor, writes JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from churn_pipeline.serving.answers import Predictor, new_request_id
from churn_pipeline.serving.contract import Problem, Refusal
from churn_pipeline.serving.openapi import ErrorAnswer, openapi

logger = logging.getLogger(__name__)

MAX_BYTES = 32 * 2**20
JSON = "application/json"


def make_app() -> Starlette:
    """Return the application; `state.predictor` has to be set before it answers."""
    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/predict_batch", predict_batch, methods=["POST"]),
            Route("/docs.json", document, methods=["GET"]),
        ]
    )


async def predict(request: Request) -> Response:
    """Answer to one customer."""
    return await _answer(request, _predictor(request).predict, many=False)


async def predict_batch(request: Request) -> Response:
    """Answer to many customers; in a thread, so that others are answered meanwhile."""
    return await _answer(request, _predictor(request).predict_batch, many=True)


async def document(request: Request) -> Response:
    """Answer the OpenAPI document."""
    return JSONResponse(await run_in_threadpool(openapi, _predictor(request)))


def _predictor(request: Request) -> Predictor:
    predictor: Predictor = request.app.state.predictor
    return predictor


async def _answer(
    request: Request, ask: Callable[[bytes, str], BaseModel], *, many: bool
) -> Response:
    """Return the answer, or the refusal of a request that breaks the contract."""
    request_id = new_request_id()
    try:
        body = await _body(request)
        if many:
            answer = await run_in_threadpool(ask, body, request_id)
        else:
            answer = ask(body, request_id)
    except Refusal as refusal:
        return _refused(refusal, request_id, _predictor(request))
    except Exception:
        logger.exception("request %s failed", request_id)
        problem = Problem(
            field="",
            expected="an answer",
            received=f"a fault of ours; the log has it under {request_id}",
        )
        fault = Refusal(500, "internal_error", [problem])
        return _refused(fault, request_id, _predictor(request))
    return Response(answer.model_dump_json(), media_type=JSON)


async def _body(request: Request) -> bytes:
    """Return the body.

    Raises:
        Refusal: It is not declared as JSON, or is larger than 32 MiB.
    """
    kind = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
    if kind != JSON:
        problem = Problem(field="Content-Type", expected=JSON, received=kind[:80])
        raise Refusal(415, "unsupported_media_type", [problem])
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            expected = f"at most {MAX_BYTES:,} bytes"
            problem = Problem(field="", expected=expected, received="more")
            raise Refusal(413, "too_large", [problem])
    return bytes(body)


def _refused(refusal: Refusal, request_id: str, predictor: Predictor) -> Response:
    """Return a refusal as JSON."""
    first = refusal.problems[0]
    error = ErrorAnswer(
        code=refusal.code,
        message=str(refusal),
        field=first.field,
        expected=first.expected,
        received=first.received,
        problems=list(refusal.problems),
        request_id=request_id,
        model_version=predictor.artifact.manifest.version,
    )
    return Response(error.model_dump_json(), refusal.status, media_type=JSON)
