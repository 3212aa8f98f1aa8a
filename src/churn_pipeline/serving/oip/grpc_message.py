"""Messages of gRPC: read once the caller is known, and bounded before they are made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError

from churn_pipeline.serving.contract import MAX_VALUES
from churn_pipeline.serving.oip.tensors import Tensor
from churn_pipeline.serving.refusal import Refusal, refusal
from churn_pipeline.serving.wire import BODY_SECONDS, too_slow

_CONTENTS = {
    "BYTES": "bytes_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}
_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
"""Wire types of protobuf: an integer, 8 bytes, bytes after their length, 4 bytes."""
_LAST = 0x80
_PACKED = 4
"""Bytes of a packed value at least, of those that are read."""


async def first_message(messages: AsyncIterator[bytes]) -> bytes:
    """Return the one message of a call, as it came.

    Raises:
        Refusal: It came too slowly, or did not come.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for message in messages:
                return message
    except TimeoutError:
        raise too_slow(0) from None
    raise _no_message("none")


def parsed_message(raw: bytes, kind: Any) -> Any:
    """Return a message.

    Args:
        raw: As it came.
        kind: Class of the message.

    Raises:
        Refusal: It is none of this kind, or would hold too many fields and values: an
            empty one takes 2 bytes here and 40 in memory.
    """
    if n_fields(raw, kind.DESCRIPTOR, at_most=MAX_VALUES) > MAX_VALUES:
        expected = f"at most {MAX_VALUES:,} fields and values"
        raise refusal(413, "too_many_values", expected=expected, received="more")
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        raise _no_message(str(error)) from None


def n_fields(raw: bytes, kind: Descriptor, *, at_most: int) -> int:
    """Return how many fields and packed values a message has; more than asked: stop.

    Args:
        raw: The message; of one that is broken the fields before that are counted.
        kind: What kind of message it is.
        at_most: Where counting stops.
    """
    found, parts = 0, [(0, len(raw), kind)]
    try:
        while parts:
            at, end, of = parts.pop()
            while at < end and found <= at_most:
                tag, at = _varint(raw, at)
                found += 1
                wire = tag & 7
                if wire == _VARINT:
                    _, at = _varint(raw, at)
                elif wire == _SIZED:
                    size, at = _varint(raw, at)
                    field = of.fields_by_number.get(tag >> 3)
                    if field is not None and field.message_type is not None:
                        parts.append((at, at + size, field.message_type))
                    elif field is not None and field.is_packed:
                        found += size // _PACKED
                    at += size
                else:
                    at += {_EIGHT: 8, _FOUR: 4}.get(wire, 0)
    except IndexError:  # it ends in the middle of a field: parsing says so
        return found
    return found


def tensors(message: Any) -> list[Tensor]:
    """Return the inputs of a request, whose contents are raw or typed.

    Raises:
        Refusal: There are raw contents for some of them only.
    """
    raw, inputs = message.raw_input_contents, message.inputs
    if not raw:
        return [_typed(given) for given in inputs]
    if len(raw) != len(inputs) or any(given.HasField("contents") for given in inputs):
        expected = f"raw_input_contents alone, one for each of {len(inputs)} inputs"
        received = f"{len(raw)}, or typed contents beside them"
        raise refusal(422, "invalid_value", expected=expected, received=received)
    return [
        Tensor(given.name, given.datatype, tuple(given.shape), contents)
        for given, contents in zip(inputs, raw, strict=True)
    ]


def _typed(given: Any) -> Tensor:
    contents = _CONTENTS.get(given.datatype)
    values = list(getattr(given.contents, contents)) if contents else []
    return Tensor(given.name, given.datatype, tuple(given.shape), values)


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return an integer of seven bits a byte, and where what follows it begins."""
    byte = raw[at]
    at += 1
    if byte < _LAST:
        return byte, at
    value, shift = byte & 0x7F, 7
    while byte >= _LAST:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, at


def _no_message(received: str) -> Refusal:
    expected = "one message of the Open Inference Protocol"
    return refusal(400, "invalid_message", expected=expected, received=received)
