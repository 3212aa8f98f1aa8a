"""The time of the year, as a point on a circle."""

from __future__ import annotations

import math

from ibis import _

from churn_pipeline.features.definition import Definition, about, number


def season_definitions() -> list[Definition]:
    """Return sine and cosine of the observation date's month."""
    angle = number(_.observation_date.month() - 1) * (2 * math.pi / 12)
    found = [
        Definition("month_sin", angle.sin(), "Time of the year: sine", min=-1, max=1),
        Definition("month_cos", angle.cos(), "Time of the year: cosine", min=-1, max=1),
    ]
    return about("season", found)
