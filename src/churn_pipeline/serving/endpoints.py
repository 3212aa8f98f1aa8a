"""What the service answers, by address and method."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qsl

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.serving.answering import (
    Asked,
    answer_explained,
)
from churn_pipeline.serving.asked import reasons_asked
from churn_pipeline.serving.audited import audit_request
from churn_pipeline.serving.bodies import KINDS
from churn_pipeline.serving.by_id import rows_with_features, with_features
from churn_pipeline.serving.contract import MAX_BYTES, MAX_BYTES_BATCH, parsed
from churn_pipeline.serving.desk.endpoints import DESK
from churn_pipeline.serving.hearing import hear_registry, hear_request
from churn_pipeline.serving.hook import HOOK, RETRAIN
from churn_pipeline.serving.logbook import note_many
from churn_pipeline.serving.metrics import page as metrics_page
from churn_pipeline.serving.openapi.document import document, example, page
from churn_pipeline.serving.openapi.page import (
    CARD_POLICY,
    HTML,
    PAGE_POLICY,
    shown_at,
)
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.refusal import refusal, shortened, too_large
from churn_pipeline.serving.rollout.answers import (
    abort_rollout,
    get_rollout,
    put_rollout,
)
from churn_pipeline.serving.shown import CARD, shown_card, shown_model
from churn_pipeline.serving.wire import (
    Call,
    Reply,
    body_of,
    require_json,
    require_kind,
)
from churn_pipeline.serving.work import answered_one, in_thread, listed, with_labels

Endpoint = Callable[[Parts, Call], Awaitable[Reply]]
PREDICT = "/predict"
logger = logging.getLogger(__name__)


async def predict(parts: Parts, call: Call) -> Reply:
    """Answer to one customer, without a thread: that would cost more than it does."""
    return prediction(parts, call, await body_of(call, MAX_BYTES))


def prediction(parts: Parts, call: Call, body: bytes) -> Reply:
    """Return the answer to one customer.

    Raises:
        Refusal: The request breaks the contract.
    """
    require_json(call.headers)
    _no_query(call)
    if len(body) > MAX_BYTES:
        raise too_large(MAX_BYTES)
    asked = _asked_by_id(parts, call, body)
    one = answered_one(parts, asked, PREDICT, call.key_hash)
    return Reply(one.answer)


async def predict_batch(parts: Parts, call: Call) -> Reply:
    """Answer to many customers, in a thread: others are answered meanwhile."""
    kind = require_kind(call.headers, KINDS)
    _no_query(call)
    asked = _asked(parts, call, await body_of(call, MAX_BYTES_BATCH))
    asked.kind = kind
    _fill_rows(parts, asked)
    many = await in_thread(parts, lambda: listed(parts, asked))
    note_many(parts, asked, many, "/predict_batch", call.key_hash)
    return Reply(many.answer)


async def explain(parts: Parts, call: Call) -> Reply:
    """Answer to one customer or to several, with what speaks for churn and against."""
    require_json(call.headers)
    reasons = reasons_asked(parse_qsl(call.query, keep_blank_values=True))
    asked = _asked_by_id(parts, call, await body_of(call, MAX_BYTES))
    _fill_rows(parts, asked)
    many = await in_thread(parts, lambda: answer_explained(asked, reasons))
    note_many(parts, asked, many, "/explain", call.key_hash)
    return Reply(many.answer)


async def take_feedback(parts: Parts, call: Call) -> Reply:
    """Take what became of customers; it is on the disk when this answers."""
    require_json(call.headers)
    body = await body_of(call, MAX_BYTES_BATCH)
    take = partial(parts.feedback.take, body, key_hash=call.key_hash)
    n = await with_labels(parts, take)
    return Reply(f'{{"accepted":{n},"request_id":"{call.request_id}"}}'.encode())


async def show_rollout(parts: Parts, call: Call) -> Reply:
    """Answer who gets which model."""
    return Reply(get_rollout(parts.rollout).model_dump_json().encode())


async def change_rollout(parts: Parts, call: Call) -> Reply:
    """Change who gets which model."""
    require_json(call.headers)
    body = parsed(await body_of(call, MAX_BYTES))
    known = await in_thread(parts, parts.known)
    await in_thread(
        parts, lambda: audit_request(parts, call, "rollout_change", "asked")
    )
    state = await in_thread(
        parts,
        lambda: put_rollout(
            parts.rollout,
            body,
            call.caller,
            known,
            closed=parts.closed,
            champion=parts.models.champion.version,
        ),
    )
    return Reply(state.model_dump_json().encode())


async def stop_rollout(parts: Parts, call: Call) -> Reply:
    """Send everybody to the champion: at once, even while batches wait."""
    require_json(call.headers)
    body = parsed(await body_of(call, MAX_BYTES))
    state = abort_rollout(parts.rollout, body, call.caller)
    try:
        audit_request(parts, call, "rollout_abort", "asked")
    except OSError as error:  # the ledger has it
        logger.error("a stop is not in the audit log: %s", error)
    return Reply(state.model_dump_json().encode())


async def show_experiment(parts: Parts, call: Call) -> Reply:
    """Answer what came of the experiment so far; counted in a thread of its own."""
    counted = parts.counting.begin(parts.rollout.state)
    found = await asyncio.wrap_future(counted)
    return Reply(found.model_dump_json().encode())


async def show_example(parts: Parts, call: Call) -> Reply:
    """Answer a body for `/predict`."""
    model = parts.models.champion
    return Reply(await in_thread(parts, lambda: example(model)))


async def show_document(parts: Parts, call: Call) -> Reply:
    """Answer the OpenAPI document."""
    model = parts.models.champion
    return Reply(await in_thread(parts, lambda: document(model)))


async def show_page(parts: Parts, call: Call) -> Reply:
    """Answer the OpenAPI document as a page for people."""
    model = parts.models.champion
    found = await in_thread(parts, lambda: page(model))
    _, port = call.scope.get("server") or ("", 3000)
    asked = call.headers.get(b"host", b""), port or 3000
    shown = shown_at(found, call.scope.get("scheme", "http"), *asked)
    return Reply(shown, kind=HTML, headers=[PAGE_POLICY])


async def go_to_page(parts: Parts, call: Call) -> Reply:
    """Send who has only the address of the service to the page."""
    return Reply(b"", 307, headers=[(b"location", b"docs")])


async def show_model(parts: Parts, call: Call) -> Reply:
    """Answer the manifest of the model that answers, and what its card says."""
    manifest = parts.models.champion.artifact.manifest
    shown = await in_thread(parts, lambda: shown_model(manifest, parts.folder))
    return Reply(shown.model_dump_json().encode())


async def show_card(parts: Parts, call: Call) -> Reply:
    """Answer the model card of the model that answers."""
    version = parts.models.champion.version
    card = await in_thread(parts, lambda: shown_card(version, parts.folder))
    return Reply(card, kind=HTML, headers=[CARD_POLICY])


async def show_metrics(parts: Parts, call: Call) -> Reply:
    """Answer the numbers of all workers in Prometheus' text format."""
    own = parts.metrics.samples()
    found = parts.shared.with_others(own) if parts.shared else own
    kind = b"text/plain; version=0.0.4; charset=utf-8"
    return Reply(metrics_page(found).encode(), kind=kind)


async def live(parts: Parts, call: Call) -> Reply:
    """Answer that the process answers."""
    return Reply(b'{"status":"alive"}')


async def ready(parts: Parts, call: Call) -> Reply:
    """Answer whether the model answers its golden rows as when it was made.

    Raises:
        Refusal: It does not.
    """
    model = parts.models.champion
    try:
        model.artifact.check()
    except ArtifactError as error:
        received = shortened(str(error))
        raise refusal(
            503, "not_ready", expected="golden answers", received=received
        ) from error
    return Reply(f'{{"status":"ready","model_version":"{model.version}"}}'.encode())


ENDPOINTS: dict[str, dict[str, Endpoint]] = {
    PREDICT: {"POST": predict},
    "/predict_batch": {"POST": predict_batch},
    "/explain": {"POST": explain},
    "/feedback": {"POST": take_feedback},
    "/rollout": {"GET": show_rollout, "PUT": change_rollout},
    "/rollout/abort": {"POST": stop_rollout},
    "/experiment": {"GET": show_experiment},
    "/example": {"GET": show_example},
    "/model": {"GET": show_model},
    CARD: {"GET": show_card},
    "/metrics": {"GET": show_metrics},
    "/": {"GET": go_to_page},
    "/docs": {"GET": show_page},
    "/docs.json": {"GET": show_document},
    "/livez": {"GET": live},
    "/readyz": {"GET": ready},
    HOOK: {"POST": hear_registry},
    RETRAIN: {"POST": hear_request},
    **DESK,
}


def _asked(parts: Parts, call: Call, body: bytes) -> Asked:
    """Return the request to the models."""
    champion = parts.models.champion
    router = parts.router.held(champion)
    asked = Asked(champion.reader, router, body, call.request_id, call.start)
    asked.control = parts.control.group
    return asked


def _asked_by_id(parts: Parts, call: Call, body: bytes) -> Asked:
    """Return the request; one of an id alone with the features of that customer.

    Raises:
        Refusal: The customer is not known, or the features are not at hand.
    """
    asked = _asked(parts, call, body)
    asked.body = with_features(body, parts.online, asked.reader.names)
    return asked


def _fill_rows(parts: Parts, asked: Asked) -> None:
    """Let rows of an id alone get the features of those customers."""
    names = asked.reader.names
    asked.fill = partial(rows_with_features, online=parts.online, names=names)


def _no_query(call: Call) -> None:
    """Check that nothing is asked in the address.

    Raises:
        Refusal: Something is.
    """
    if call.query:
        path = call.scope["path"]
        raise refusal(
            422,
            "unknown_field",
            expected=f"nothing after {path}; reasons are given by /explain",
            received=call.query[:80],
        )
