"""What a key may do: a role, and the endpoints that are open to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from churn_pipeline.serving.refusal import refusal, shortened


class Role(StrEnum):
    """What a key is for."""

    PREDICT = "predict"
    FEEDBACK = "feedback"
    OPERATE = "operate"
    DESK = "desk"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a key may ask.

    Attributes:
        requests: At most so many ...
        seconds: ... within so many seconds.
    """

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: Of the key.
        role: Of the key.
        key_hash: First 16 hexadecimal digits of the key's sha256, for logs.
        rate: The key's own; None where it has that of all.
    """

    name: str
    role: Role
    key_hash: str
    rate: Rate | None = None


_SIGNED = {"/hooks/registry", "/hooks/retrain"}
_PAGES = {"/", "/docs", "/docs.json", "/desk", "/desk/plots.js"}
OPEN = frozenset({*_PAGES, "/livez", "/readyz", *_SIGNED})
"""Endpoints that need no key: pages without data; of the hooks the body is signed."""

ELSEWHERE = "elsewhere"
"""Stands for an address that there is not: who has a key is told so."""

_ANY = frozenset(Role)
_ASK = frozenset({Role.PREDICT, Role.ADMIN})
_TELL = frozenset({Role.FEEDBACK, Role.ADMIN})
_RUN = frozenset({Role.OPERATE, Role.ADMIN})
_LOOK = frozenset({Role.DESK, Role.OPERATE, Role.ADMIN})
_CALL = frozenset({Role.DESK, Role.ADMIN})
_INFERENCE = "/v2/"
"""What every path of the Open Inference Protocol begins with."""

ENDPOINTS = {
    ELSEWHERE: _ANY,
    "/example": _ANY,
    "/model": _ANY,
    "/model/card": _ANY,
    "/predict": _ASK,
    "/predict_batch": _ASK,
    "/explain": _ASK,
    "/feedback": _TELL,
    "/rollout": _RUN,
    "/rollout/abort": _RUN,
    "/experiment": _LOOK,
    "/metrics": _RUN,
    "/desk/running": _LOOK,
    "/desk/calls": _CALL,
    "/desk/calls.csv": _CALL,
    "/desk/customer": _CALL,
}
"""Endpoint -> roles that may ask it."""

_ALLOWED = {
    role: frozenset(path for path, roles in ENDPOINTS.items() if role in roles)
    for role in Role
}


def roles_of(endpoint: str) -> frozenset[Role]:
    """Return who may ask an endpoint; one that is not in the table, only `admin`.

    Examples:
        >>> sorted(roles_of("/v2/health/ready")), sorted(roles_of("/new"))
        ([<Role.ADMIN: 'admin'>, <Role.PREDICT: 'predict'>], [<Role.ADMIN: 'admin'>])
    """
    if endpoint.startswith(_INFERENCE):
        return _ASK
    return ENDPOINTS.get(endpoint, frozenset({Role.ADMIN}))


def require(caller: Caller, endpoint: str) -> None:
    """Refuse a caller whose role may not ask an endpoint.

    Args:
        caller: Who asks.
        endpoint: Path, without what stands after it.

    Raises:
        Refusal: 403.
    """
    if endpoint in _ALLOWED[caller.role]:
        return
    allowed = roles_of(endpoint)
    if caller.role in allowed:
        return
    roles = " or ".join(role for role in Role if role in allowed)
    raise refusal(
        403,
        "forbidden",
        expected=f"a key of role {roles} for {shortened(endpoint)}",
        received=f"one of role {caller.role}",
    )
