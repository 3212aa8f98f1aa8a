"""Tensors of the Open Inference Protocol as rows of the contract, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from churn_pipeline.serving.contract import CUSTOMER_ID, MAX_ROWS, Contract
from churn_pipeline.serving.refusal import Problem, Refusal, shortened, shown

Row = dict[str, Any]

TEXT, BOOL = "BYTES", "BOOL"
NUMBERS: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "FP64": np.dtype("<f8")}
_TOLD = {**NUMBERS, BOOL: np.dtype("?")}
_PREFIX = 4
"""Bytes before each text of raw contents that say how long it is."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input.

    Attributes:
        name: Of a feature, or `customer_id`.
        datatype: As the protocol names it.
        shape: [n] or [n, 1].
        values: n values in order, or the raw contents.
    """

    name: str
    datatype: str
    shape: Sequence[Any]
    values: Sequence[Any] | bytes


def rows_of(tensors: Sequence[Tensor], contract: Contract) -> list[Row]:
    """Return the rows of a request, None where missing; the contract checks them next.

    NaN and the empty text are missing.

    Raises:
        Refusal: A tensor's type, shape or contents do not fit its feature or the
            others.
    """
    n_rows = count(tensors)
    columns: dict[str, list[Any]] = {}
    for tensor in tensors:
        if tensor.name in columns:
            _refuse(tensor.name, "each input once", "another of the name")
        _check(tensor, n_rows, contract)
        columns[tensor.name] = _values(tensor, n_rows)
    names = tuple(columns)
    return [dict(zip(names, row)) for row in zip(*columns.values(), strict=True)]


def count(tensors: Sequence[Tensor]) -> int:
    """Return how many rows are asked for.

    Raises:
        Refusal: None, or more than are answered.
    """
    if not tensors:
        _refuse("", "one input tensor for each feature", "no inputs", code="no_rows")
    first = tensors[0]
    shape = tuple(first.shape)
    n_rows = shape[0] if shape else 0
    whole = type(n_rows) is int and shape[1:] in ((), (1,))
    if whole and n_rows > MAX_ROWS:
        expected = f"shape [n], n from 1 to {MAX_ROWS:,}"
        _refuse(first.name, expected, _shape(shape), status=413, code="too_many_rows")
    if not whole or n_rows < 1:
        _refuse(first.name, f"shape [n], n from 1 to {MAX_ROWS:,}", _shape(shape))
    return int(n_rows)


def packed(values: Sequence[Any], datatype: str) -> bytes:
    """Return values as raw contents, little endian.

    Examples:
        >>> packed(["a"], "BYTES"), len(packed([0.5], "FP64"))
        (b'\\x01\\x00\\x00\\x00a', 8)
    """
    if datatype != TEXT:
        return np.array(values, _TOLD[datatype]).tobytes()
    texts = (value.encode() for value in values)
    return b"".join(len(text).to_bytes(_PREFIX, "little") + text for text in texts)


def _check(tensor: Tensor, n_rows: int, contract: Contract) -> None:
    """Refuse a tensor of another type or length; unknown names are the contract's."""
    shape = tuple(tensor.shape)
    if shape not in ((n_rows,), (n_rows, 1)):
        _refuse(tensor.name, f"shape [{n_rows}], that of all inputs", _shape(shape))
    feature = contract.features.get(tensor.name)
    is_number = feature is not None and feature.type == "number"
    is_text = tensor.name == CUSTOMER_ID or (feature is not None and not is_number)
    if is_number and tensor.datatype not in NUMBERS:
        expected = f"datatype {' or '.join(NUMBERS)}"
        _refuse(tensor.name, expected, shown(tensor.datatype), code="wrong_datatype")
    if is_text and tensor.datatype != TEXT:
        received = shown(tensor.datatype)
        _refuse(tensor.name, f"datatype {TEXT}", received, code="wrong_datatype")
    if tensor.datatype not in (*NUMBERS, TEXT):
        expected = f"datatype {', '.join((*NUMBERS, TEXT))}"
        _refuse(tensor.name, expected, shown(tensor.datatype), code="wrong_datatype")


def _values(tensor: Tensor, n_rows: int) -> list[Any]:
    found = tensor.values
    if isinstance(found, bytes):
        found = _unpacked(tensor, found, n_rows)
    if len(found) != n_rows:
        received = f"{len(found)} values" if len(found) <= n_rows else "more"
        _refuse(tensor.name, f"{n_rows} values, as its shape says", received)
    if tensor.datatype == TEXT:
        return [_text(tensor.name, value) for value in found]
    return [_number(tensor.name, value) for value in found]


def _unpacked(tensor: Tensor, raw: bytes, n_rows: int) -> list[Any]:
    """Return the values of raw contents, little endian."""
    if tensor.datatype == TEXT:
        return _unpacked_texts(tensor.name, raw, n_rows)
    kind = NUMBERS[tensor.datatype]
    if len(raw) != n_rows * kind.itemsize:
        expected = f"{n_rows * kind.itemsize:,} bytes of raw contents"
        _refuse(tensor.name, expected, f"{len(raw):,} bytes")
    return [float(value) for value in np.frombuffer(raw, kind)]


def _unpacked_texts(name: str, raw: bytes, n_rows: int) -> list[bytes]:
    """Return the texts; of too many no more than show that they are."""
    found: list[bytes] = []
    at = 0
    while at < len(raw) and len(found) <= n_rows:
        begin = at + _PREFIX
        end = begin + int.from_bytes(raw[at:begin], "little")
        if end > len(raw):
            _refuse(name, "texts, each after its length in 4 bytes", "fewer bytes")
        found.append(raw[begin:end])
        at = end
    return found


def _number(name: str, value: Any) -> Any:
    """Return a value for the contract: NaN is null there, and infinite is nothing."""
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124 - NaN
            return None
        if value in (float("inf"), float("-inf")):
            _refuse(name, "a finite number, or NaN where not known", shown(value))
    return value


def _text(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            _refuse(name, "text in UTF-8", shown(value))
    return None if value == "" else value


def _shape(shape: tuple[Any, ...]) -> str:
    return shortened(f"shape {list(shape)}")


def _refuse(
    name: str,
    expected: str,
    received: str,
    *,
    status: int = 422,
    code: str = "invalid_value",
) -> NoReturn:
    problem = Problem(
        code=code, field=shortened(name), expected=expected, received=received
    )
    raise Refusal(status, [problem])
