"""What is asked about the service itself: model, rollout, metrics, probes, webhook."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from churn_pipeline.serving.contract import MAX_BYTES
from churn_pipeline.serving.hearing import RetrainAsked, RetrainHeard
from churn_pipeline.serving.hook import DELIVERY, HOOK, RETRAIN, SIGNATURE, STAMP
from churn_pipeline.serving.openapi.shapes import (
    WITH_BODY,
    WITH_KEY,
    Json,
    Operation,
    content,
    json_of,
    ref,
)
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.rollout.answers import Why
from churn_pipeline.serving.rollout.results import Experiment
from churn_pipeline.serving.rollout.spec import RolloutChange, RolloutState
from churn_pipeline.serving.shown import ModelShown

_SMALL = f"At most {MAX_BYTES:,} bytes."
_REASON = "what we call for is what it earns"


class RolloutAsked(RolloutChange, Why):
    """The body of `PUT /rollout`: a change, and why it is made."""


class Alive(BaseModel):
    """Answer to `/livez`."""

    status: str


class Ready(BaseModel):
    """Answer to `/readyz`."""

    model_config = ConfigDict(protected_namespaces=())

    status: str
    model_version: str


class Heard(BaseModel):
    """Answer to the registry's webhook: who answers from now on."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: str


MODELS = (
    ModelShown,
    RolloutAsked,
    RolloutState,
    Why,
    Experiment,
    Alive,
    Ready,
    Heard,
    RetrainAsked,
    RetrainHeard,
)


def of_the_service(predictor: Predictor) -> Json:
    """Return the paths of what is asked about the service itself."""
    return {
        "/rollout": {
            "get": _show_rollout().document(),
            "put": _change_rollout().document(),
        },
        "/rollout/abort": {"post": _abort().document()},
        "/experiment": {"get": _experiment().document()},
        "/model": {"get": _model().document()},
        "/model/card": {"get": _card().document()},
        "/metrics": {"get": _metrics().document()},
        "/docs": {"get": _page("docs", "/docs", "text/html").document()},
        "/docs.json": {
            "get": _page("docs_json", "/docs.json", "application/json").document()
        },
        "/livez": {"get": _livez().document()},
        "/readyz": {"get": _readyz(predictor).document()},
        HOOK: {"post": _hook(predictor).document()},
        RETRAIN: {"post": _retrain().document()},
    }


def _show_rollout() -> Operation:
    state = RolloutState().model_dump(mode="json")
    return Operation(
        name="show_rollout",
        path="/rollout",
        summary="Who gets which model",
        told=json_of(ref(RolloutState), state),
    )


def _change_rollout() -> Operation:
    change = {"version": 0, "primary": "profit", "why": _REASON}
    return Operation(
        name="change_rollout",
        path="/rollout",
        summary="Change who gets which model; what is not named stays as it is",
        about=f"{_SMALL} `version` is that of the state in force, as `GET /rollout` "
        "tells; `challenger` and `percentage` begin an experiment.",
        asked=json_of(ref(RolloutAsked), change),
        told=json_of(ref(RolloutState)),
        refusals=(*WITH_KEY, *WITH_BODY, "409"),
    )


def _abort() -> Operation:
    return Operation(
        name="abort_rollout",
        path="/rollout/abort",
        summary="Send everybody to the champion, at once",
        about=_SMALL,
        asked=json_of(ref(Why), {"why": "complaints about offers"}),
        told=json_of(ref(RolloutState)),
        refusals=WITH_KEY + WITH_BODY,
    )


def _experiment() -> Operation:
    return Operation(
        name="experiment",
        path="/experiment",
        summary="What came of the experiment so far, on matured labels",
        told=json_of(ref(Experiment)),
    )


def _model() -> Operation:
    return Operation(
        name="model",
        path="/model",
        summary="Manifest of the model that answers, and what its card says",
        told=json_of(ref(ModelShown)),
    )


def _card() -> Operation:
    return Operation(
        name="model_card",
        path="/model/card",
        summary="Model card of the model that answers, a page for people",
        told={"text/html": content({"type": "string"})},
        refusals=(*WITH_KEY, "404"),
    )


def _metrics() -> Operation:
    return Operation(
        name="metrics",
        path="/metrics",
        summary="Prometheus metrics of all workers",
        told={"text/plain": content({"type": "string"})},
    )


def _page(name: str, path: str, kind: str) -> Operation:
    page = kind == "text/html"
    return Operation(
        name=name,
        path=path,
        summary="This document, for people" if page else "This document",
        told={kind: content({"type": "string" if page else "object"})},
        refusals=("500", "503"),
    )


def _livez() -> Operation:
    return Operation(
        name="livez",
        path="/livez",
        summary="The process answers",
        told=json_of(ref(Alive), {"status": "alive"}),
        refusals=(),
    )


def _readyz(predictor: Predictor) -> Operation:
    told = {"status": "ready", "model_version": predictor.version}
    return Operation(
        name="readyz",
        path="/readyz",
        summary="The model gives its golden answers",
        told=json_of(ref(Ready), told),
        refusals=("503",),
    )


def _hook(predictor: Predictor) -> Operation:
    return Operation(
        name="hear_registry",
        path=HOOK,
        summary="MLflow's webhook: look at once whether there is another champion",
        about=f"{_SMALL} As MLflow sends and signs it; what it says is not read.",
        asked=json_of({"type": "object"}, _message(predictor)),
        told=json_of(ref(Heard), {"model_version": predictor.version}),
        parameters=tuple(map(_header, (SIGNATURE, STAMP, DELIVERY))),
        refusals=("400", "401", "408", "413", "500", "503"),
    )


def _retrain() -> Operation:
    return Operation(
        name="ask_for_retraining",
        path=RETRAIN,
        summary="Ask for another model; the next watch takes it as a reason",
        about=f"{_SMALL} Signed as the registry's webhook is; a delivery that is sent "
        "again counts once. The service trains nothing itself.",
        asked=json_of(ref(RetrainAsked), {"reason": "new tariff", "who": "pricing"}),
        told=json_of(ref(RetrainHeard), {"id": "d-1", "new": True}),
        parameters=tuple(map(_header, (SIGNATURE, STAMP, DELIVERY))),
        refusals=("400", "401", "408", "413", "422", "500", "503"),
    )


def _message(predictor: Predictor) -> Json:
    """Return a message as MLflow sends it when an alias is moved."""
    named: dict[str, Any] = {
        "name": f"churn_{predictor.dataset}",
        "version": "2",
        "alias": "champion",
    }
    return {"entity": "model_version_alias", "action": "created", "data": named}


def _header(name: bytes) -> Json:
    what = {
        SIGNATURE: "`v1,` and the base64 of HMAC-SHA256 over the other two headers and "
        "the body, with dots between",
        STAMP: "Seconds since 1970, at most 300 ago",
        DELIVERY: "Id of the delivery",
    }
    return {
        "name": name.decode(),
        "in": "header",
        "required": True,
        "description": what[name],
        "schema": {"type": "string"},
    }
