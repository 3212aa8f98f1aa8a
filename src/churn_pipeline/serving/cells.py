"""The cells of an Arrow column as JSON values, few bytes that say much refused first.

A few kilobytes may say gigabytes: one long text that every row points to, a compressed
buffer, lists that overlap. So nothing is turned into Python's values before it is known
to be numbers, truth values or texts, and each text to be a short one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from churn_pipeline.serving.refusal import Problem, Refusal, shortened

if TYPE_CHECKING:
    import pyarrow as pa

MAX_COLUMNS = 2_000
MAX_TEXT_BYTES = 4_000
"""1,000 characters, the most that the contract takes, in UTF-8."""
_VIEW_BYTES = 16


def check_schema(schema: pa.Schema) -> None:
    """Check that columns have names of their own and hold numbers or text.

    Raises:
        Refusal: They do not, or there are too many.
    """
    if len(schema) > MAX_COLUMNS:
        raise too_many_columns()
    for name, count in _counted(schema.names).items():
        if count > 1:
            raise _refused(name, "repeated_column", "each column once", f"{count}")
    for field in schema:
        if not _is_plain(field.type):
            expected = "a column of numbers, of truth values or of text"
            raise _refused(field.name, "invalid_value", expected, str(field.type))


def values_of(name: str, column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column whose type is one of those; NaN becomes None.

    Raises:
        Refusal: A text is too long, or none at all.
    """
    for chunk in column.chunks:
        chunk.validate(full=True)  # indices that lead nowhere, text that is no UTF-8
        if (longest := _longest(chunk)) > MAX_TEXT_BYTES:
            expected = f"texts of at most {MAX_TEXT_BYTES:,} bytes"
            raise _refused(name, "invalid_value", expected, f"{longest:,} bytes")
    return [None if v != v else v for v in column.to_pylist()]  # noqa: PLR0124


def too_many_columns() -> Refusal:
    """Return the refusal of a table of more columns than any model has."""
    expected = f"at most {MAX_COLUMNS:,} columns"
    return _refused("", "too_many_columns", expected, "more")


def _counted(names: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _is_plain(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    number = types.is_integer(kind) or types.is_floating(kind)
    return number or types.is_boolean(kind) or types.is_null(kind) or _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    plain: bool = types.is_string(kind) or types.is_large_string(kind)
    return plain or types.is_string_view(kind)


def _longest(array: pa.Array) -> int:
    """Return the bytes of the longest text; 0 of numbers."""
    from pyarrow import compute, types

    if types.is_dictionary(array.type):
        return _longest(array.dictionary)
    if not len(array) or not _is_text(array.type):
        return 0
    if types.is_string_view(array.type):
        views = np.frombuffer(array.buffers()[1], np.int32)
        width = _VIEW_BYTES // 4
        at = array.offset * width
        return int(views[at : at + len(array) * width : width].max(initial=0))
    return int(compute.max(compute.binary_length(array)).as_py() or 0)


def _refused(name: str, code: str, expected: str, received: str) -> Refusal:
    problem = Problem(
        code=code,
        field=shortened(name),
        expected=expected,
        received=shortened(received),
    )
    return Refusal(422, [problem])
