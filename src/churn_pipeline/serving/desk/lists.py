"""The lists of calls, each read for one customer's rows alone.

pyarrow's own filters, and whatever makes one of its values of a text, import pandas,
which the service has not the time for: a column is searched for the text, and the few
rows that hold it are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

CUSTOMER, DATE = "customer_id", "observation_date"


def rows_of(file: Path, customer_id: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a customer's rows of a Parquet file, dates as ISO 8601 texts.

    Args:
        file: A version of `call_assignments`.
        customer_id: As people write it.
        names: Columns to return, `observation_date` among them.
    """
    import pyarrow as pa
    from pyarrow import parquet

    whole = parquet.ParquetFile(file)
    # Other processors predict meanwhile: the page's thread alone reads.
    ids = whole.read(columns=[CUSTOMER], use_threads=False)[CUSTOMER]
    found = places_of(ids, customer_id)
    if not found:
        return []
    table = whole.read(columns=list(names), use_threads=False)
    dates = table[DATE].cast(pa.date32()).cast(pa.string())
    columns = {name: table[name] for name in names} | {DATE: dates}
    return [
        {name: column[place].as_py() for name, column in columns.items()}
        for place in found
    ]


def places_of(column: pa.ChunkedArray, value: str) -> list[int]:
    """Return where a column has a value, as texts, from 0.

    Examples:
        >>> import pyarrow as pa
        >>> places_of(pa.chunked_array([[7, 17], [7, None]]), "7")
        [0, 2]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = column.cast(pa.string())
    alike: list[int] = pc.indices_nonzero(pc.match_substring(texts, value)).to_pylist()
    return [place for place in alike if texts[place].as_py() == value]
