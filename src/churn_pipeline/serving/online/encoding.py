"""How Feast writes keys and values, read without importing it: that takes seconds.

Feast states no format. A test writes with Feast and reads with this, so that a change
of Feast's is noticed; what is not known here is refused, never guessed.

Source: `feast.infra.key_encoding_utils.serialize_entity_key`, version 3, and
`feast/types/Value.proto`, of Feast 0.67.
"""

from __future__ import annotations

import struct

ENTITY = "customer_id"
KEY_VERSION = 3
_STRING_TYPE = 2
_STRING, _DOUBLE = 0x12, 0x29
_NULL = b"\x98\x01"
_NAME = ENTITY.encode()
_PREFIX = (
    struct.pack("<III", 1, _STRING_TYPE, len(_NAME))
    + _NAME
    + struct.pack("<I", _STRING_TYPE)
)
_double = struct.Struct("<d").unpack_from


def entity_key(customer_id: str) -> bytes:
    """Return the key under which Feast keeps a customer.

    Examples:
        >>> entity_key("c1").hex()
        '01000000020000000b000000637573746f6d65725f696402000000020000006331'
    """
    name = customer_id.encode()
    return _PREFIX + struct.pack("<I", len(name)) + name


def value(written: bytes | None) -> str | float | None:
    """Return a value: text, a number, or None where it is missing.

    Args:
        written: A protobuf message `Value`.

    Raises:
        ValueError: It is neither text nor a float64.

    Examples:
        >>> value(b"\\x12\\x02ab"), value(b"")
        ('ab', None)
    """
    if not written or written.startswith(_NULL):
        return None
    if written[0] == _DOUBLE:
        (number,) = _double(written, 1)
        return None if number != number else float(number)  # noqa: PLR0124 - NaN
    if written[0] == _STRING:
        return written[_text_begin(written) :].decode()
    raise ValueError(
        f"expected text or a float64 as Feast 0.67 writes it, got a value that begins "
        f"with byte {written[0]:#04x}; fill the store with the feast extra of this "
        "version: `make feature-store ENV=NAME`"
    )


def _text_begin(written: bytes) -> int:
    """Return where a text begins: after its length, seven bits a byte."""
    at = 1
    while written[at] & 0x80:
        at += 1
    return at + 1
