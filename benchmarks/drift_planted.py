"""Ten drifts, planted in quiet weeks of a company."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

Plant = Callable[[pd.DataFrame, int, np.random.Generator], pd.DataFrame]
"""Rows, weeks since the drift began, and a source of draws: the rows as they drift."""

AT_ONCE = tuple(range(4))
LABELLED = (0, 1, 2, 11, 12, 13)
"""Labels of the first drifted week are settled 11 weeks later."""
MONEY = ("amount", "monetary")


@dataclass(frozen=True)
class Planted:
    """A drift.

    Attributes:
        name: Which of the ten.
        what: What is done to the rows.
        plant: Does it.
        causes: How the names of the columns begin that are its true cause.
        weeks: Weeks since it began that are watched.
    """

    name: str
    what: str
    plant: Plant
    causes: tuple[str, ...]
    weeks: Sequence[int] = AT_ONCE


def _begins(rows: pd.DataFrame, starts: Sequence[str]) -> list[str]:
    return [name for name in rows if name.startswith(tuple(starts))]


def _times(
    rows: pd.DataFrame, starts: Sequence[str], factor: float | pd.Series[float]
) -> pd.DataFrame:
    """Return the rows with columns multiplied, but for trends."""
    names = [name for name in _begins(rows, starts) if "trend" not in name]
    return rows.assign(**{name: rows[name] * factor for name in names})


def _shift(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    return rows.assign(age=(rows["age"] - 12).clip(lower=18))


def _scale(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    return _times(rows, MONEY, 1.35)


def _swap(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    swapped = rows["channel"].replace({"web": "partner", "partner": "web"})
    return rows.assign(channel=swapped)


def _unit(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    return rows.assign(monthly_charge=rows["monthly_charge"] * 100)


def _missing(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    return rows.assign(age=rows["age"].mask(rng.random(len(rows)) < 0.35))


def _subgroup(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    factor = 1.0 + 1.0 * (rows["region"] == "east").astype(float)
    return _times(rows, MONEY, factor)


def _slow(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    return _times(rows, MONEY, 1 + 0.02 * week)


def _season(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    """A season that the reference does not know: twice as much, and back again."""
    rise = np.sin(np.pi * week / 12)
    names = [n for n in _begins(rows, ("purchases_", *MONEY)) if "mean" not in n]
    more = {n: np.ceil if n.startswith("purchases") else np.asarray for n in names}
    return rows.assign(
        **{n: more[n](rows[n] * (1 + rise * _season_share(n))) for n in names}
    )


def _season_share(name: str) -> float:
    """Return how much of a window a season of few weeks fills."""
    return 0.5 if name.endswith(("180d", "90d", "monetary")) else 1.0


def _prior(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    """Twice as many churners, who look as churners do."""
    weight = np.where(rows["label"] == 1, 2.6, 1.0)
    drawn = rng.choice(len(rows), len(rows), p=weight / weight.sum())
    return rows.iloc[drawn].assign(customer_id=[f"d{i}" for i in range(len(rows))])


def _concept(rows: pd.DataFrame, week: int, rng: np.random.Generator) -> pd.DataFrame:
    """As many leave, but others: the columns stay what they were."""
    return rows.assign(label=rng.permutation(rows["label"].to_numpy()))


DRIFTS = (
    Planted("shift", "everybody is 12 years younger", _shift, ("age",)),
    Planted("scale", "amounts are 35 % higher", _scale, MONEY),
    Planted(
        "category swap", "channels web and partner change names", _swap, ("channel",)
    ),
    Planted("unit change", "monthly charge in cents", _unit, ("monthly_charge",)),
    Planted("missing surge", "35 % of the ages go missing", _missing, ("age",)),
    Planted(
        "subgroup only",
        "amounts double in one region of four",
        _subgroup,
        (*MONEY, "region"),
    ),
    Planted("slow", "amounts grow by 2 % a week", _slow, MONEY, range(2, 27, 2)),
    Planted(
        "seasonal",
        "purchases rise to twice as many within six weeks, and fall again",
        _season,
        ("purchases", "frequency", *MONEY),
        range(0, 13),
    ),
    Planted("prior shift", "2.6 times as many churners", _prior, (), LABELLED),
    Planted("concept only", "as many leave, but others", _concept, (), LABELLED),
)
