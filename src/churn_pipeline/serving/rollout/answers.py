"""What the endpoints of the rollout do: JSON in, pydantic out, refusals in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.chain import LedgerError
from churn_pipeline.serving.refusal import (
    Problem,
    Refusal,
    refusal,
    refused_body,
    shown,
)
from churn_pipeline.serving.rollout.spec import RolloutChange, RolloutState, sent_to
from churn_pipeline.serving.rollout.state import (
    OwnShadowError,
    Rollout,
    RolloutError,
    StaleError,
    refuse_own_shadow,
)

M = TypeVar("M", bound=BaseModel)
logger = logging.getLogger(__name__)


class Named(Protocol):
    """Whoever was let in to change the rollout."""

    @property
    def name(self) -> str:
        """Name that goes to the ledger."""


class Why(BaseModel):
    """The body of an abort.

    Attributes:
        why: Why, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = Field(min_length=1, max_length=1000)


def get_rollout(rollout: Rollout) -> RolloutState:
    """Return what is in force (`GET /rollout`)."""
    return rollout.state


def put_rollout(
    rollout: Rollout,
    body: object,
    caller: Named,
    known: Collection[str] | None = None,
    *,
    closed: Callable[[str], str] = lambda _: "",
    champion: str | None = None,
) -> RolloutState:
    """Change the rollout (`PUT /rollout`).

    Args:
        rollout: The rollout.
        body: The parsed JSON: fields of `RolloutChange`, and `why`.
        caller: Who, already let in.
        known: Versions that can be served; None: not looked at.
        closed: Returns why no customer may get a version; empty where they may.
        champion: Version of the champion, which is no shadow of itself.

    Raises:
        Refusal: 422 of a body that makes no sense or of a version that a gate, a
            check or a person keeps from customers, 409 of one that was made for
            another state, 500 where the files were altered.
    """
    given = dict(_object(body))
    why = _valid(Why, {"why": given.pop("why")} if "why" in given else {}).why
    change = _valid(RolloutChange, given)
    sent = sent_to(rollout.state, change)
    for field, version in (("challenger", sent), ("shadow", change.shadow)):
        _expect_known(field, version, known)
    try:
        if sent is not None:
            _expect_open(sent, closed(sent))
        refuse_own_shadow(change.shadow, champion)
        return rollout.update(change, who=caller.name, why=why)
    except StaleError as error:
        expected = f"version {rollout.state.version}, which is in force"
        raise refusal(
            409, "stale_version", expected=expected, received=shown(change.version)
        ) from error
    except ValidationError as error:
        raise refused_body(error) from error
    except OwnShadowError as error:
        problem = Problem(
            code="own_shadow",
            field="shadow",
            expected="another version than the champion's",
            received=shown(change.shadow),
        )
        raise Refusal(422, [problem]) from error
    except (RolloutError, LedgerError, ArtifactError) as error:
        raise _broken(error) from error


def abort_rollout(rollout: Rollout, body: object, caller: Named) -> RolloutState:
    """Send everybody to the champion (`POST /rollout/abort`).

    Raises:
        Refusal: 422 of a body without `why`; 500 where it is done but could not be
            written to the ledger.
    """
    why = _valid(Why, _object(body)).why
    try:
        return rollout.abort(who=caller.name, why=why)
    except RolloutError as error:
        logger.error("%s", error)
        raise refusal(
            500,
            "stop_unwritten",
            expected="a stop that is in the ledger",
            received="one that holds, and is not: see the service's log",
        ) from error


def _valid(model: type[M], given: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise refused_body(error) from error


def _object(body: object) -> Mapping[str, Any]:
    if isinstance(body, dict):
        return body
    raise refusal(422, "invalid_value", expected="a JSON object", received=shown(body))


def _expect_known(
    field: str, version: str | None, known: Collection[str] | None
) -> None:
    if version is None or known is None or version in known:
        return
    newest = ", ".join(sorted(known)[-5:]) or "none"
    problem = Problem(
        code="unknown_version",
        field=field,
        expected=f"a version that can be served ({newest})",
        received=shown(version),
    )
    raise Refusal(422, [problem])


def _expect_open(version: str, why_not: str) -> None:
    if why_not:
        problem = Problem(
            code="closed_version",
            field="challenger",
            expected="a version that customers may get; as a shadow any may be asked",
            received=f"{shown(version)}: {why_not}",
        )
        raise Refusal(422, [problem])


def _broken(error: Exception) -> Refusal:
    logger.error("%s", error)  # it names files, which are nobody else's business
    return refusal(
        500,
        "rollout_altered",
        expected="files as written",
        received="others; the service's log says which",
    )
