"""What the OpenAPI page says of rollouts and experiments."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from churn_pipeline.serving.answers import ErrorAnswer
from churn_pipeline.serving.rollout.answers import Why
from churn_pipeline.serving.rollout.results import Experiment
from churn_pipeline.serving.rollout.spec import RolloutChange, RolloutState

REF = "#/components/schemas/{model}"
_REFUSALS = {
    "400": "The body is not JSON, or did not come whole",
    "401": "No key, or none that is known",
    "403": "The key's role may not do this",
    "409": "It was made for another state than the one in force",
    "413": "The body is too large",
    "415": "Not application/json",
    "422": "It makes no sense, or names a version that cannot be served",
    "429": "The key's rate limit is reached",
    "500": "The rollout's files were altered by hand",
    "503": "More is asked than can be done; ask again after Retry-After",
}
_FIRST = {"version": 0, "why": "nobody gets a challenger", "percentage": 0}


class Change(RolloutChange):
    """Body of `PUT /rollout`: what is not named stays as it is.

    Attributes:
        why: Why, in words.
    """

    why: str = Field(min_length=1, max_length=1000)


MODELS: tuple[type[BaseModel], ...] = (Change, Why, RolloutState, Experiment)


def rollout_paths() -> dict[str, Any]:
    """Return the addresses of rollouts, as JSON values."""
    changed = _operation("changeRollout", "Change who gets which model", RolloutState)
    stopped = _operation("abortRollout", "Send everybody to the champion", RolloutState)
    return {
        "/rollout": {
            "get": _operation("rollout", "Who gets which model", RolloutState),
            "put": changed | _asked(Change, _FIRST),
        },
        "/rollout/abort": {"post": stopped | _asked(Why, {"why": "it does harm"})},
        "/experiment": {
            "get": _operation("experiment", "What came of it so far", Experiment)
        },
    }


def _operation(name: str, summary: str, told: type[BaseModel]) -> dict[str, Any]:
    refused = _content(ErrorAnswer)
    refusals = {
        status: {"description": about, "content": refused}
        for status, about in _REFUSALS.items()
    }
    answer = {"description": summary, "content": _content(told)}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": answer, **refusals},
    }


def _asked(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    content = _content(model)
    content["application/json"]["example"] = example
    return {"requestBody": {"required": True, "content": content}}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}
