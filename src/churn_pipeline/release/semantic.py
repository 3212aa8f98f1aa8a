"""MAJOR.MINOR.PATCH of models: what a version asks of those who use it.

MAJOR: a caller sends something else, or the answer means something else. MINOR: the
model is made in another way. PATCH: made in the same way, of newer data.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import NamedTuple

from churn_pipeline.release.artifact import Manifest
from churn_pipeline.release.expected import shortened

_SHOWN = 5


class Level(IntEnum):
    """How far two models are apart, the farthest first."""

    MAJOR = 0
    MINOR = 1
    PATCH = 2


class Number(NamedTuple):
    """A semantic version; numbers sort by age of what they promise."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Number:
        """Read a number.

        Raises:
            ValueError: It is none.

        Examples:
            >>> Number.parse("1.10.0") > Number.parse("1.9.3")
            True
        """
        if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", text):
            raise ValueError(
                f"expected MAJOR.MINOR.PATCH such as 1.2.0, got {text[:60]!r}; see "
                "`kedro churn history`"
            )
        return cls(*map(int, text.split(".")))

    def __str__(self) -> str:
        """Return MAJOR.MINOR.PATCH."""
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST = Number(1, 0, 0)


class Numbered(NamedTuple):
    """A number with what it says.

    Attributes:
        number: The number.
        change: What changed since which version, in words.
    """

    number: Number
    change: str


def choose(
    manifest: Manifest,
    relatives: Mapping[Number, Manifest | None],
    taken: Collection[Number],
) -> Numbered:
    """Return the number of a new model, one that nobody has had.

    Args:
        manifest: Of the new model.
        relatives: The models that it may descend from: number -> manifest, None where
            that cannot be read. It descends from the nearest, of equally near ones
            from the one of the lowest number.
        taken: Every number that was ever given.
    """
    if not relatives:
        return Numbered(FIRST, "the first version")
    compared = {number: compare(old, manifest) for number, old in relatives.items()}
    parent = min(compared, key=lambda number: (-compared[number][0], number))
    level, why = compared[parent]
    change = f"{level.name.lower()} change since {parent}: {why}"
    return Numbered(_next(parent, level, taken), change)


def compare(old: Manifest | None, new: Manifest) -> tuple[Level, str]:
    """Return how far a model is from an older one, and why, in words.

    An older one that cannot be read (None) counts as the farthest.
    """
    if old is None:
        return Level.MAJOR, "its manifest cannot be read"
    if contract := _contract_changes(old, new):
        return Level.MAJOR, "; ".join(contract)
    if recipe := _recipe_changes(old, new):
        return Level.MINOR, "; ".join(recipe)
    same = old.hashes.data == new.hashes.data
    return Level.PATCH, "the same recipe on " + (
        "the same data" if same else "new data"
    )


def _contract_changes(old: Manifest, new: Manifest) -> list[str]:
    """Return what a caller must send, or read, in another way."""
    before, after = _contract(old), _contract(new)
    found = {
        "features that are gone": [name for name in before if name not in after],
        "new features": [name for name in after if name not in before],
        "features with another type, unit, range or categories": [
            name for name in before if after.get(name, before[name]) != before[name]
        ],
    }
    changes = [
        f"{what}: {shortened(names, _SHOWN)}" for what, names in found.items() if names
    ]
    if _meaning(old) != _meaning(new):
        changes.append("another label")
    return changes


def _recipe_changes(old: Manifest, new: Manifest) -> list[str]:
    """Return what is another way of making a model."""
    changes = []
    if old.family != new.family:
        changes.append(f"{new.family} in place of {old.family}")
    for what in ("code", "parameters"):
        if getattr(old.hashes, what) != getattr(new.hashes, what):
            changes.append(f"other {what}")
    if old.packages != new.packages:
        changes.append("other versions of packages")
    return changes


def _contract(manifest: Manifest) -> dict[str, dict[str, object]]:
    """Return what a request must look like: columns come by name, in any order."""
    return {
        feature.name: feature.model_dump(exclude={"description"})
        for feature in manifest.inputs
    }


def _meaning(manifest: Manifest) -> dict[str, object]:
    """Return what the probability is one of; the rule tells the data set's shape."""
    # The expected rate only guards against inverted data.
    return manifest.label.model_dump(exclude={"expected_rate"})


def _next(parent: Number, level: Level, taken: Collection[Number]) -> Number:
    """Return the next number of the parent's line that nobody has had."""
    line = parent[: int(level)]
    last = max(number[level] for number in {*taken, parent} if number[:level] == line)
    return Number(*(*line, last + 1, 0, 0)[:3])
