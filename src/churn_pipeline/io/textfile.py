"""What a delimited text file is written in: its encoding, separator and header."""

from __future__ import annotations

import codecs
import csv
import io
import logging
from collections import Counter
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

logger = logging.getLogger(__name__)

SEPARATORS = (",", ";", "\t", "|")
ROW_COLUMNS = ("_row", "_malformed", "_reasons", "_original", "file_row_number")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SAMPLE_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 24
_SAMPLE_LINES = 200
_NUL = b"\0"
_FEWEST_ALIKE = 3  # lines
_NEARLY_ALL = 0.9  # share of the lines
_SHOWN = 5
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = "cp1252"
_COMMON = [
    _WESTERN,
    *(f"cp125{number}" for number in (0, 1, 3, 4, 5, 6, 7)),
    *("koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]


class RawFileError(ValueError):
    """A raw file is missing, empty or not what its name or declaration says."""


class MissingFileError(RawFileError):
    """There is no file at a raw file's place."""


class Dialect(NamedTuple):
    """How a text file is read.

    Attributes:
        encoding: Python name of the encoding.
        separator: One character between cells.
        header: The first row's cells, stripped and made unique.
        written: The first row's cells as they stand in the file.
    """

    encoding: str
    separator: str
    header: tuple[str, ...]
    written: tuple[str, ...]


def find_dialect(
    file: IO[bytes], name: str, *, separator: str | None, encoding: str | None
) -> Dialect:
    """Return how a text file is written; what is given is not looked for.

    Args:
        file: The open file; read in pieces, left at an arbitrary place.
        name: Its path, for messages.
        separator: Declared separator, or None.
        encoding: Declared encoding, or None.

    Raises:
        RawFileError: If the file is empty, is not text of that encoding, or is not
            separated as declared.
    """
    encoding = encoding or find_encoding(file, name)
    file.seek(0)
    sample = _decode_sample(file.read(_SAMPLE_BYTES), encoding, name)
    if not sample.strip():
        raise RawFileError(
            f"expected a header and rows in {name}, got an empty file; "
            "export it again, or point to another file"
        )
    found = find_separator(sample)
    separator = separator or found
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    written = tuple(next(row for row in rows if row))
    if len(written) == 1 and found != separator:
        raise RawFileError(
            f"expected cells separated by {NAMES.get(separator, separator)} in {name}, "
            f"got one column `{written[0][:60]}`: the file looks separated by "
            f"{NAMES[found]}; set `separator: {found!r}` in its catalog entry or "
            "leave the key out to have it found"
        )
    if not _regularity(sample, separator)[0]:
        _check_header(sample, name, written)
    return Dialect(encoding, separator, unique_names(written), written)


def find_encoding(file: IO[bytes], name: str) -> str:
    """Return the encoding of a whole file: UTF-8 where it decodes, else a guess.

    Raises:
        RawFileError: There are NUL bytes in it, which no text has but UTF-16.
    """
    file.seek(0)
    start = file.read(4)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(_CHUNK_BYTES):
        if _NUL in chunk:
            return _wide_encoding(chunk, name)
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            around = chunk[max(0, error.start - _SAMPLE_BYTES // 2) :]
            return _guess_encoding(around[:_SAMPLE_BYTES], name)
    return "utf-8"


def find_separator(sample: str) -> str:
    """Return the separator by which most lines of a sample have equally many cells."""
    return max(SEPARATORS, key=lambda separator: _regularity(sample, separator))


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return column names stripped, none empty, none twice (letter case aside).

    Names of the columns that reading and checking add count as taken.

    Example:
        >>> unique_names([" a", "A", "", "_row"])
        ('a', 'A_2', 'column_3', '_row_2')
    """
    taken = set(ROW_COLUMNS)
    unique = []
    for position, raw in enumerate(names, start=1):
        name = raw.strip().lstrip("\ufeff") or f"column_{position}"
        candidate, count = name, 1
        while candidate.casefold() in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return tuple(unique)


def _check_header(sample: str, name: str, header: tuple[str, ...]) -> None:
    """Raise where nearly all lines have one width and the header another.

    Raises:
        RawFileError: There is a title above the header, or a column has no name.
    """
    for separator in SEPARATORS:
        widths = _widths(sample, separator)[1:]
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        is_regular = count >= _FEWEST_ALIKE and count >= _NEARLY_ALL * len(widths)
        if width > 1 and is_regular:
            if len(header) != width:
                shown = ", ".join(f"`{cell[:30]}`" for cell in header[:_SHOWN])
                raise RawFileError(
                    f"expected {width} names in the first line of {name}, as the rows "
                    f"below have {width} cells, got {len(header)}: {shown}; delete the "
                    "lines above the header, or name each column"
                )
            return


def _widths(sample: str, separator: str) -> list[int]:
    """Return the number of cells of the first lines; none where they are no CSV."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    widths: list[int] = []
    try:
        for row in reader:
            if row:
                widths.append(len(row))
            if len(widths) > _SAMPLE_LINES:
                break
    except csv.Error:
        return []
    return widths


def _regularity(sample: str, separator: str) -> tuple[float, int]:
    """Return the share of lines with the header's number of cells, and that number."""
    widths = _widths(sample, separator)
    if not widths or widths[0] == 1:
        return 0.0, 0
    common, count = Counter(widths).most_common(1)[0]
    return (count / len(widths) if common == widths[0] else 0.0), common


def _wide_encoding(chunk: bytes, name: str) -> str:
    """Return which UTF-16 a text with NUL bytes is, by where most of them stand.

    Raises:
        RawFileError: Too few for it.
    """
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if chunk[first::2].count(_NUL) > len(chunk) / 4:
            return encoding
    place = chunk.index(_NUL)
    around = chunk[max(0, place - 20) : place + 20].decode("latin-1")
    raise RawFileError(
        f"expected text in {name}, got a NUL byte in {around!r}: the file is damaged "
        "or no text; export it again"
    )


def _guess_encoding(sample: bytes, name: str) -> str:
    """Return the likeliest encoding of a sample that is not UTF-8, and say so."""
    from charset_normalizer import from_bytes

    # Lines of plain ASCII read alike in all of them.
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())
    matches = list(from_bytes(telling, cp_isolation=_COMMON))
    best = [m for m in matches if _likeness(m) == _likeness(matches[0])]
    texts = {str(match) for match in best}
    is_western = telling.decode(_WESTERN, errors="replace") in texts
    guess = _WESTERN if is_western or not best else best[0].encoding
    logger.warning(
        "%s is not UTF-8; read as %s. Where letters look wrong, set `encoding:` in "
        "its catalog entry (--encoding of `kedro churn adopt`).",
        name,
        guess,
    )
    return guess


def _likeness(match: CharsetMatch) -> tuple[float, float]:
    return match.chaos, match.coherence


def _decode_sample(sample: bytes, encoding: str, name: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except (UnicodeDecodeError, LookupError) as error:
        raise RawFileError(
            f"expected text in {encoding} in {name}, got {str(error)[:120]}; correct "
            "`encoding:` in its catalog entry or leave the key out to have it found"
        ) from error
