"""How large an Arrow stream unpacks to, read from its frames before anything is.

34 KB of zeros, compressed, unpack to 1 GB. Each compressed buffer begins with its
length unpacked, and the frame around it says where it lies.

Source:
    Apache Arrow, "Columnar format", sections "Encapsulated message format" and
    "Compression"; FlatBuffers, "Internals".
"""

from __future__ import annotations

import struct

_CONTINUED = 0xFFFFFFFF
_DICTIONARY, _BATCH = 2, 3
"""Kinds of message, whose bodies hold buffers."""
_HEADER_TYPE, _HEADER, _BODY_LENGTH = 1, 2, 3
_DATA, _BUFFERS, _COMPRESSION = 1, 2, 3
_BUFFER = struct.Struct("<qq")


def unpacked_bytes(stream: bytes) -> int:
    """Return how many bytes the compressed buffers of a stream say they unpack to.

    Raises:
        ValueError: It is no Arrow stream.
    """
    total = at = 0
    try:
        while at < len(stream):
            (size,) = struct.unpack_from("<I", stream, at)
            at += 4
            if size == _CONTINUED:
                (size,) = struct.unpack_from("<I", stream, at)
                at += 4
            if size == 0:
                break
            body = at + size
            message = _Table.root(stream, at)
            total += _of_message(message, stream, body)
            at = body + message.number(_BODY_LENGTH, "<q")
            if at < body:
                raise ValueError("expected a message's body, got a negative length")
    except (struct.error, IndexError) as error:
        raise ValueError(f"expected an Arrow stream, got a cut one: {error}") from None
    return total


def _of_message(message: _Table, stream: bytes, body: int) -> int:
    kind = message.number(_HEADER_TYPE, "<B")
    if kind not in (_DICTIONARY, _BATCH):
        return 0
    batch = message.table(_HEADER)
    if batch is not None and kind == _DICTIONARY:
        batch = batch.table(_DATA)
    if batch is None or not batch.field(_COMPRESSION):
        return 0
    total = 0
    for offset, length in batch.pairs(_BUFFERS):
        if length:  # -1 says that this one is as it was
            total += max(struct.unpack_from("<q", stream, body + offset)[0], 0)
    return total


class _Table:
    """A table of FlatBuffers."""

    def __init__(self, data: bytes, at: int) -> None:
        """Take where it begins."""
        self._data, self._at = data, at

    @classmethod
    def root(cls, data: bytes, start: int) -> _Table:
        """Return the first table of a buffer."""
        return cls(data, start + struct.unpack_from("<I", data, start)[0])

    def field(self, number: int) -> int:
        """Return where a field stands; 0 where it is left out."""
        (back,) = struct.unpack_from("<i", self._data, self._at)
        known = self._at - back
        (size,) = struct.unpack_from("<H", self._data, known)
        slot = 4 + 2 * number
        if slot >= size:
            return 0
        (offset,) = struct.unpack_from("<H", self._data, known + slot)
        return self._at + int(offset) if offset else 0

    def number(self, number: int, kind: str) -> int:
        """Return a number; 0 where it is left out."""
        at = self.field(number)
        return int(struct.unpack_from(kind, self._data, at)[0]) if at else 0

    def table(self, number: int) -> _Table | None:
        """Return a table within; None where it is left out."""
        at = self.field(number)
        return _Table(self._data, self._leads(at)) if at else None

    def pairs(self, number: int) -> list[tuple[int, int]]:
        """Return a list of offsets and lengths."""
        at = self.field(number)
        if not at:
            return []
        at = self._leads(at)
        (count,) = struct.unpack_from("<I", self._data, at)
        if at + 4 + count * _BUFFER.size > len(self._data):
            raise ValueError("expected a list within the stream, got a longer one")
        return [_BUFFER.unpack_from(self._data, at + 4 + i * 16) for i in range(count)]

    def _leads(self, at: int) -> int:
        return at + int(struct.unpack_from("<I", self._data, at)[0])
