"""Whom to call: by expected profit, within a budget, but for a random control group.

Who would be called and is not shows what becomes of such customers by themselves;
without them nobody can tell what calls bring, or whether they wake sleeping dogs.
"""

from __future__ import annotations

from typing import Any, cast

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.pipelines.scoring.params import Scoring
from churn_pipeline.pipelines.scoring.rows import at_date
from churn_pipeline.progress import bar
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.expected import require_features
from churn_pipeline.release.reasons import in_one_line
from churn_pipeline.serving.control_group import Campaign, ControlGroup
from churn_pipeline.serving.decide import CALL

_REASONS_ROWS = 256
CONTROL = "control"
ASSIGNED = [
    *("campaign", "customer_id", "observation_date", "arm", "rank"),
    *("churn_probability", "expected_profit", "expected_spend", "customer_value"),
    *("success_rate", "certainty", "held_out", "model_version"),
    "control_share",
]
"""Columns of `call_assignments` but for those of segments."""


def assign_calls(
    churn_scores: pd.DataFrame,
    customer_features: ibis.Table,
    feature_set: dict[str, Any],
    *,
    champion: Artifact,
    decision: Decision,
    scoring: Scoring,
) -> pd.DataFrame:
    """Return who is called today, and who would be but is kept aside.

    Customers are gone through by what a call is expected to earn, until there is no
    call or no money left. Who is kept aside uses neither up.

    Args:
        churn_scores: Every customer with what the model says of them.
        customer_features: Holds the columns of reports.
        feature_set: Names the columns that reports are sliced by.
        champion: The released artifact, whose costs and values count.
        decision: How many calls there is time for.
        scoring: The budget, the share of the control group and the campaign.

    Returns:
        `campaign`, `customer_id`, `observation_date`, `arm` (`call` or `control`),
        `rank` (Int64, from 1; of a control none), `churn_probability`,
        `expected_profit`, `expected_spend` and `customer_value` (money), `success_rate`
        (as stated today: what was expected stays so whatever is stated later),
        `certainty`, `held_out`, `model_version`, `control_share` (that the arm was
        drawn by), and the segment columns; the call
        that is expected to earn most first.
    """
    worth = churn_scores[churn_scores["decision"] == CALL]
    ranked = worth.sort_values("expected_profit", ascending=False, kind="stable")
    stated = champion.manifest.decision
    spend = stated.spend(ranked["churn_probability"])
    aside = in_control(
        ranked["customer_id"], share=scoring.control_share, campaign=scoring.campaign
    )
    places = ~aside & _affordable(
        np.where(aside, 0.0, spend), ~aside, decision.capacity, scoring.budget
    )
    reach = int(np.flatnonzero(places)[-1]) + 1 if places.any() else 0
    rank = pd.Series(np.cumsum(places), dtype="Int64").where(pd.Series(~aside))
    kept = ranked.assign(
        campaign=scoring.campaign,
        arm=np.where(aside, CONTROL, CALL),
        rank=rank.to_numpy(),
        expected_spend=spend,
        success_rate=stated.success_rate,
        control_share=scoring.control_share,
    )[ASSIGNED]
    date = pd.Timestamp(churn_scores["observation_date"].iloc[0]).date()
    segments = _segments(at_date(customer_features, date), feature_set["segments"])
    return kept.iloc[:reach].merge(segments, on="customer_id", how="left")


def in_control(
    customer_id: pd.Series[Any], *, share: float, campaign: str
) -> NDArray[np.bool_]:
    """Return whether each customer is kept aside in a campaign, (n,).

    See `ControlGroup`, by which the service draws too.

    Args:
        customer_id: (n,).
        share: Of the customers, 0 to 1.
        campaign: Its name.

    Examples:
        >>> customers = pd.Series([f"C-{i}" for i in range(1000)])
        >>> int(in_control(customers, share=0.1, campaign="spring").sum())
        89
    """
    group = ControlGroup(Campaign(campaign, share))
    found = map(group.has, customer_id)
    return np.fromiter(found, dtype=bool, count=len(customer_id))


def state_campaign(
    call_assignments: pd.DataFrame, call_list: pd.DataFrame, scoring: Scoring
) -> dict[str, Any]:
    """Return by what the list was drawn, which the service draws by from now on.

    Stated last, once the list lies where the people who call find it: a run that fails
    before leaves the campaign in force as it was.

    Args:
        call_assignments: Who is called, and who is kept aside.
        call_list: Whom to call.
        scoring: The share of the control group and the campaign.

    Returns:
        `name`, `control_share`, and how many of this list are `called` and
        `kept_aside`.
    """
    return {
        "name": scoring.campaign,
        "control_share": scoring.control_share,
        "called": len(call_list),
        "kept_aside": int((call_assignments["arm"] == CONTROL).sum()),
    }


def list_calls(
    call_assignments: pd.DataFrame,
    customer_features: ibis.Table,
    feature_set: dict[str, Any],
    *,
    champion: Artifact,
    dataset: Dataset,
    scoring: Scoring,
) -> pd.DataFrame:
    """Return whom to call today, the call that is expected to earn most first.

    Args:
        call_assignments: Who is called, and who is kept aside.
        customer_features: Holds the features.
        feature_set: Names the columns that reports are sliced by.
        champion: The released artifact, which made the scores.
        dataset: Its currency.
        scoring: How many reasons are told, and of how many customers.

    Returns:
        `rank` (from 1), `customer_id`, `churn_probability` (three decimals),
        `expected_profit` and `expected_spend` (money of the call, two decimals),
        `currency`, `certainty`, `reasons` (what raises the customer's churn risk most,
        in words; empty below the first `scoring.reasons_for`), and the segment columns.
        Nobody of the control group is on it.
    """
    called = call_assignments[call_assignments["arm"] == CALL].reset_index(drop=True)
    listed = pd.DataFrame(
        {
            "rank": called["rank"].to_numpy(dtype=np.int64),
            "customer_id": called["customer_id"],
            "churn_probability": called["churn_probability"].round(3),
            "expected_profit": called["expected_profit"].round(2),
            "expected_spend": called["expected_spend"].round(2),
            "currency": dataset.currency,
            "certainty": called["certainty"],
        }
    )
    told = _reasons(called, customer_features, champion, scoring)
    listed["reasons"] = listed["customer_id"].map(told).fillna("")
    return listed.join(called[feature_set["segments"]])


def _affordable(
    spend: NDArray[np.float64],
    counted: NDArray[np.bool_],
    calls: int | None,
    budget: float | None,
) -> NDArray[np.bool_]:
    """Return whether calls and money last until each customer, (n,)."""
    lasts = np.ones(len(spend), dtype=bool)
    if calls is not None:
        lasts &= np.cumsum(counted) <= calls
    if budget is not None:
        lasts &= np.round(np.cumsum(spend), 6) <= budget  # sums of cents are not exact
    return lasts


def _reasons(
    called: pd.DataFrame, features: ibis.Table, champion: Artifact, scoring: Scoring
) -> dict[str, str]:
    """Return why to call, by customer, of the first of those to call."""
    first = called.iloc[: scoring.reasons_for if scoring.reasons else 0]
    wanted = first["customer_id"].tolist()
    if not wanted:
        return {}
    date = pd.Timestamp(first["observation_date"].iloc[0]).date()
    rows = at_date(features, date)
    names = require_features(champion.manifest, rows.columns)
    known = rows.filter(rows.customer_id.isin(wanted)).select("customer_id", *names)
    told: dict[str, str] = {}
    with bar("finding the reasons", len(wanted)) as line:
        for batch in known.to_pyarrow_batches(chunk_size=_REASONS_ROWS):
            frame = batch.to_pandas()
            found = champion.reasons(frame, at_most=scoring.reasons, raising=True)
            told |= zip(frame["customer_id"], map(in_one_line, found), strict=True)
            line.advance(len(frame))
    return told


def _segments(rows: ibis.Table, names: list[str]) -> pd.DataFrame:
    """Return the segment columns of the customers."""
    known = rows.select("customer_id", *names)
    # Numbers are float64 in features; a whole one is shown as such.
    return cast("pd.DataFrame", known.to_pandas().convert_dtypes())
