"""What is logged of an answered prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BYTES_OF_ONE, _BYTES_OF_A_ROW, _BYTES_OF_A_VALUE = 500, 200, 32
"""Memory of an entry beside its inputs, of a row beside its values, of a value."""

CustomerId = str | int | None


@dataclass(slots=True)
class Entry:
    """The answer to one customer, which the model gave in a call of its own.

    Attributes:
        request_id: Of the request.
        time_ns: When it was answered, ns since 1970, UTC.
        endpoint: Path of the endpoint.
        customer_id: As it came; the writer makes a pseudonym of it where those are
            switched on.
        inputs: JSON object, feature -> value as the model got it. A `customer_id` in
            it is not logged, so that this may be the request's body.
        probability: Of churn, in [0, 1], as answered.
        decision: `call`, `no_call` or `gone`.
        threshold: Probability from which on a call pays; above 1: never.
        model_version: Of the model that answered.
        artifact_sha256: Digest of its manifest.
        variant: `champion` or `challenger`.
        key_hash: First 16 hexadecimal digits of the hash of the caller's key.
        microseconds: How long the answer took.
        value: Money that the customer is worth; None: as much as the usual one.
        campaign: Name of the one that keeps customers aside; None: none does.
        kept_aside: Whether it keeps this one aside.
    """

    request_id: str
    time_ns: int
    endpoint: str
    customer_id: CustomerId
    inputs: bytes
    probability: float
    decision: str
    threshold: float
    model_version: str
    artifact_sha256: str
    variant: str
    key_hash: str
    microseconds: int
    value: float | None = None
    campaign: str | None = None
    kept_aside: bool = False

    def n_bytes(self) -> int:
        """Return about how much memory it holds, bytes."""
        return _BYTES_OF_ONE + len(self.inputs)


@dataclass(slots=True)
class BatchEntry:
    """The answers of one model to customers of one request, given in one call.

    A batch whose customers are answered by two variants is two of these.

    Attributes:
        customer_ids: As they came, (n,).
        columns: Feature -> values as the model got them, (n,): numbers (None and NaN
            are missing) or text (None is missing). Not changed after it was handed
            over.
        probability: float64, (n,).
        decision: (n,).
        threshold: float64, (n,).
        lines: Position of each in the request, from 0; None: all of it, in order.
        value: float64, (n,), not a number where not known; None: the usual of all.
        kept_aside: (n,); None: nobody is.

    The others are those of `Entry`.
    """

    request_id: str
    time_ns: int
    endpoint: str
    customer_ids: Sequence[CustomerId]
    columns: Mapping[str, Sequence[Any] | NDArray[Any]]
    probability: NDArray[np.float64]
    decision: Sequence[str] | NDArray[np.object_]
    threshold: NDArray[np.float64]
    model_version: str
    artifact_sha256: str
    variant: str
    key_hash: str
    microseconds: int
    lines: Sequence[int] | None = None
    value: NDArray[np.float64] | None = None
    campaign: str | None = None
    kept_aside: Sequence[bool] | None = None

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.probability)

    def n_bytes(self) -> int:
        """Return about how much memory it holds, bytes."""
        values = sum(map(_n_bytes, self.columns.values()))
        return _BYTES_OF_ONE + _BYTES_OF_A_ROW * len(self) + values


def _n_bytes(column: Sequence[Any] | NDArray[Any]) -> int:
    if isinstance(column, np.ndarray):
        return column.nbytes
    known = next((value for value in column if value is not None), None)
    texts = sum(map(len, filter(None, column))) if isinstance(known, str) else 0
    return _BYTES_OF_A_VALUE * len(column) + texts
