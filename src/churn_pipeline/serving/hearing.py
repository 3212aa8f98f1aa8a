"""What the service does on a signed word from outside: look again, or write it down."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churn_pipeline.monitoring.requests import Request, ask
from churn_pipeline.serving.contract import MAX_BYTES, parsed
from churn_pipeline.serving.hook import DELIVERY, require_signature
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.place import REQUESTS
from churn_pipeline.serving.refreshing import refresh
from churn_pipeline.serving.refusal import refusal, refused_body
from churn_pipeline.serving.wire import Call, Reply, body_of
from churn_pipeline.serving.work import in_thread


class RetrainAsked(BaseModel):
    """The body of `POST /hooks/retrain`.

    Attributes:
        reason: Why another model is wanted.
        who: Who wants it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(min_length=1, max_length=500)
    who: str = Field(min_length=1, max_length=100)


class RetrainHeard(BaseModel):
    """Answer to it.

    Attributes:
        id: The request, as the delivery is named.
        new: Whether it was written down now; false where it was before.
    """

    id: str
    new: bool


async def hear_registry(parts: Parts, call: Call) -> Reply:
    """Look at once whether there is another champion: the registry says so."""
    body = await body_of(call, MAX_BYTES)
    require_signature(parts.hook_secret, call.headers, body)
    await in_thread(parts, lambda: refresh(parts))
    version = parts.models.champion.version
    return Reply(f'{{"model_version":"{version}"}}'.encode())


async def hear_request(parts: Parts, call: Call) -> Reply:
    """Write down that somebody wants another model; the next watch decides."""
    body = await body_of(call, MAX_BYTES)
    require_signature(parts.hook_secret, call.headers, body)
    asked = request_of(body, call.headers, dt.datetime.now(dt.UTC))
    place = parts.rollout.path.with_name(REQUESTS)
    told = await in_thread(parts, partial(written, place, asked))
    return Reply(told.model_dump_json().encode())


def request_of(body: bytes, headers: dict[bytes, bytes], now: dt.datetime) -> Request:
    """Return what a signed message asks for; the delivery names it.

    Raises:
        Refusal: 400 of a body that is no JSON; 422 of one, or of a name of the
            delivery, that makes no sense.
    """
    try:
        asked = RetrainAsked.model_validate(parsed(body))
        name = headers.get(DELIVERY, b"").decode("ascii", "replace")
        return Request(id=name, reason=asked.reason, who=asked.who, time=now)
    except ValidationError as error:
        raise refused_body(error) from error


def written(place: Path, asked: Request) -> RetrainHeard:
    """Write a request down, once.

    Raises:
        Refusal: 500 where the file holds what is no request.
    """
    try:
        return RetrainHeard(id=asked.id, new=ask(place, asked))
    except ValueError as error:
        raise refusal(
            500, "requests_altered", expected="requests as written", received="others"
        ) from error
