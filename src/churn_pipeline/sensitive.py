"""Which columns look as if they told of what people are protected by.

A guess from names and values, made to be corrected: whoever describes a data set says
`sensitive: true` or `sensitive: false` of a column, and that counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_WORDS = {
    "age": "senior seniors elderly dob yob birthday birthdate birthyear",
    "sex": "gender sex female male geschlecht sexe sexo genre sexual sexuality",
    "ethnic origin": "ethnic ethnicity race racial caste tribe",
    "religion": "religion religious faith denomination",
    "health": "health disability disabilities disabled handicap handicapped diagnosis "
    "disease illness pregnant pregnancy medical",
    "marital status": "marital married marriage spouse divorced widowed",
    "origin": "nationality nationalities citizenship immigrant migrant geography",
    "opinion": "political politics",
}
"""What is protected -> words of a column's name that tell of it."""

_VALUES = {
    "sex": "male female m f man woman men women diverse non-binary nonbinary",
    "marital status": "single married divorced widowed separated unmarried partnered",
    "religion": "christian catholic protestant muslim islam jewish hindu buddhist "
    "orthodox atheist sikh",
    "ethnic origin": "white black asian hispanic latino caucasian african indigenous",
}
"""What is protected -> the values of a category that tells of it."""
_TELLING = {
    "marital status": frozenset({"married", "divorced", "widowed"}),
    "ethnic origin": frozenset({"asian", "hispanic", "latino", "caucasian", "african"}),
}
"""One of these must be there: black and white alone are colours."""

_NEUTRAL = frozenset(
    {"", "unknown", "other", "none", "n/a", "na", "missing", "not stated"}
)
_OF_A_PERSON = frozenset(
    "customer client user person holder member subscriber insured owner hh household "
    "first second group band bracket range class bucket category years year in at of "
    "the current".split()
)
"""What may stand beside `age` where it is a person's: that of an account is none."""
_TWO = 2


def looks_sensitive(name: str, values: Collection[str] = ()) -> str | None:
    """Return what a column seems to tell of people; None where nothing.

    Args:
        name: Of the column.
        values: Its categories; none of a number.

    Examples:
        >>> looks_sensitive("SeniorCitizen"), looks_sensitive("AgeHH1")
        ('age', 'age')
        >>> looks_sensitive("account_age"), looks_sensitive("x7", ["F", "M", "Other"])
        (None, 'sex')
    """
    return _by_name(name) or _by_values(values)


def _by_name(name: str) -> str | None:
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", name)
    words = {part.lower() for part in parts}
    if "health" in words and "score" in words:  # how an account is doing
        words -= {"health"}
    for what, telling in _WORDS.items():
        if words & set(telling.split()):
            return what
    if "age" in words and words - {"age"} <= _OF_A_PERSON:
        return "age"
    joined = "".join(parts).lower()
    return "birth" if "birth" in joined else None


def _by_values(values: Collection[str]) -> str | None:
    found = {str(value).strip().lower() for value in values} - _NEUTRAL
    if len(found) < _TWO:
        return None
    for what, known in _VALUES.items():
        telling = _TELLING.get(what, frozenset(found))
        if found <= set(known.split()) and found & telling:
            return what
    return None
