"""Folds of the rows that a model is fit on: by customer, with both classes in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 2
"""Folds that cross-fitting needs: one to fit on, one held out."""

_BY_SIZE = ((30_000, 8), (300_000, 5))
"""Rows up to which there are so many folds, where no number is given."""
_OF_MANY_ROWS = 3


def assign_folds(
    customer_id: pd.Series,
    label: NDArray[np.float64],
    *,
    folds: int | None,
    seed: int,
) -> NDArray[np.int64]:
    """Return the fold of each row; all rows of a customer lie in one.

    Customers who never churn, who do at some date and who do at every date are dealt
    to the folds, each kind in an order that depends on their id and the seed alone.
    Of few customers there are fewer folds than wanted, so that each has rows of both
    labels.

    Args:
        customer_id: Any type, (n,).
        label: 1 or 0, (n,).
        folds: Number of folds; None: by the number of rows, the fewer of many.
        seed: Another seed gives other folds.

    Returns:
        int64, (n,), from 0.

    Raises:
        ValueError: One customer or none churned at some date, or stayed.
    """
    import pandas as pd

    rows = pd.DataFrame({"customer_id": customer_id.to_numpy(), "label": label})
    labels = rows.groupby("customer_id", sort=True)["label"]
    customers = labels.agg(["max", "min"]).reset_index()
    churned, stayed = int(customers["max"].sum()), int((1 - customers["min"]).sum())
    if min(churned, stayed) < FEWEST:
        raise ValueError(
            f"expected at least {FEWEST} customers to train on who churned and as many "
            f"who stayed, got {churned} and {stayed}; bring more rows or observation "
            "dates, or look at the label's rule in dataset.yml"
        )
    customers["draw"] = draw(customers["customer_id"], seed)
    # Whoever has a row of one label stands in a row with the others who have.
    customers = customers.sort_values(["max", "min", "draw"], kind="stable")
    count = min(folds or _by_size(len(rows)), churned, stayed)
    dealt = np.arange(len(customers)) % count
    by_customer = dict(zip(customers["customer_id"], dealt.tolist(), strict=True))
    return rows["customer_id"].map(by_customer).to_numpy(dtype=np.int64)


def draw(customer_id: pd.Series, seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each customer, of the id and the seed alone."""
    import pandas as pd

    text = customer_id.astype(str).to_numpy(dtype=object)
    hashed = pd.util.hash_array(text, hash_key=f"{seed:016d}"[-16:], categorize=True)
    return hashed.astype(np.float64) / 2.0**64


def _by_size(n_rows: int) -> int:
    found = (folds for up_to, folds in _BY_SIZE if n_rows <= up_to)
    return next(found, _OF_MANY_ROWS)
