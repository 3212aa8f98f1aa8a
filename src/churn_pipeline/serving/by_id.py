"""A body that names a customer by id alone becomes one that has the features.

Everything after it meets a body like any other: contract, routing, answer, log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from churn_pipeline.serving.contract import CUSTOMER_ID, LARGEST_ID
from churn_pipeline.serving.online.features import OnlineFeatures
from churn_pipeline.serving.refusal import Problem, Refusal, shortened

_LONGEST = 1_400
"""Bytes of a body with the longest id, each character of it escaped."""


class CustomerById(BaseModel):
    """A customer whose features the service finds by itself.

    Attributes:
        customer_id: As the data set has it.
    """

    model_config = ConfigDict(extra="forbid")

    customer_id: (
        Annotated[str, Field(max_length=200)]
        | Annotated[int, Field(ge=-LARGEST_ID, le=LARGEST_ID)]
    )


class _Named(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    customer_id: (
        Annotated[str, msgspec.Meta(max_length=200)]
        | Annotated[int, msgspec.Meta(ge=-LARGEST_ID, le=LARGEST_ID)]
    )


_decode = msgspec.json.Decoder(_Named).decode
_encode = msgspec.json.Encoder().encode


def with_features(body: bytes, online: OnlineFeatures, names: Sequence[str]) -> bytes:
    """Return the body of a customer with the features of the online store.

    Args:
        body: Any body; one that is not of an id alone is returned as it is, after
            half a microsecond.
        online: Where the features are.
        names: The features that the model asks for.

    Raises:
        Refusal: As `OnlineFeatures.features` does; 503 `features_differ` where the
            store lacks one that the model asks for.
    """
    if len(body) > _LONGEST:
        return body
    try:
        customer = _decode(body).customer_id
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return body
    values = online.features(customer)
    row: dict[str, Any] = {CUSTOMER_ID: customer}
    for name in names:
        if name not in values:
            raise _lacking(name)
        row[name] = values[name]
    return _encode(row)


def _lacking(name: str) -> Refusal:
    problem = Problem(
        code="features_differ",
        field=shortened(name),
        expected="an online store with every feature of the model; run "
        "`kedro run --pipelines feature_store` on the features it was trained on",
        received="one without this feature",
    )
    return Refusal(503, [problem])
