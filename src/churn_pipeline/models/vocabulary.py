"""Categories as codes: one for missing, one for unknown, one a learnt level."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.table import MISSING

MISSING_CODE = 0
UNKNOWN_CODE = 1
FIRST_LEVEL_CODE = 2


@dataclass(frozen=True)
class Vocabulary:
    """The levels of each categorical column, as learnt from training rows.

    Attributes:
        levels: One tuple of texts a column; the code of a level is its position + 2.
    """

    levels: tuple[tuple[str, ...], ...]

    @classmethod
    def learn(
        cls, categories: NDArray[np.object_], *, min_rows: int, max_levels: int
    ) -> Vocabulary:
        """Return the levels that enough rows have; rarer ones count as unknown.

        That gives the code of the unknown training rows of its own.

        Args:
            categories: str, (n_rows, n_categories); `""` where missing.
            min_rows: Rows that a level needs.
            max_levels: Levels kept a column, the most frequent ones.
        """
        return cls(
            tuple(
                _frequent(categories[:, column].tolist(), min_rows, max_levels)
                for column in range(categories.shape[1])
            )
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of codes of each column."""
        return tuple(FIRST_LEVEL_CODE + len(levels) for levels in self.levels)

    def code_of(self, column: int) -> dict[str, int]:
        """Return the code of each known text of a column; others are unknown."""
        codes = {
            level: code
            for code, level in enumerate(self.levels[column], FIRST_LEVEL_CODE)
        }
        return {MISSING: MISSING_CODE, **codes}

    def codes(self, categories: NDArray[np.object_]) -> NDArray[np.int64]:
        """Return the codes, int64, (n_rows, n_categories)."""
        out = np.empty(categories.shape, np.int64)
        for column in range(categories.shape[1]):
            code_of = self.code_of(column)
            values = categories[:, column].tolist()
            out[:, column] = [code_of.get(value, UNKNOWN_CODE) for value in values]
        return out


def _frequent(values: list[str], min_rows: int, max_levels: int) -> tuple[str, ...]:
    counts = Counter(values)
    del counts[MISSING]
    kept = sorted(
        (level for level, count in counts.items() if count >= min_rows),
        key=lambda level: (-counts[level], level),
    )
    return tuple(sorted(kept[:max_levels]))
