"""Score the customers that the company has now, and list those to call."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import ibis
import numpy as np
import pandas as pd
from pydantic import Field

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.params import Params
from churn_pipeline.progress import bar
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.expected import require_features
from churn_pipeline.release.reasons import in_one_line
from churn_pipeline.serving.decide import CALL, decide

BATCH_ROWS = 65_536
_REASONS_ROWS = 256
_LEFT = "_left"


class Scoring(Params):
    """What is scored (root key `scoring`).

    Attributes:
        observation_date: Date whose customers are scored; None takes the newest.
        reasons: Most reasons told of a customer to call; 0 tells none.
        reasons_for: How many customers, the first of the list, get them.
    """

    observation_date: dt.date | None = None
    reasons: int = Field(3, ge=0, le=10)
    reasons_for: int = Field(2000, ge=0)


def score_customers(
    customer_features: ibis.Table,
    customers: ibis.Table,
    champion: Any,
    scoring: Scoring,
) -> pd.DataFrame:
    """Return the churn probability of each customer, the likeliest to churn first.

    Args:
        customer_features: One row a customer and observation date.
        customers: Typed customers; of a snapshot with `label`, 1: left already.
        champion: The released artifact.
        scoring: Which date to score.

    Returns:
        `customer_id`, `observation_date`, `churn_probability` (float64, [0, 1]),
        `decision` (`call`, `no_call`, or `gone`: has left already),
        `expected_profit` (money of a call), `certainty` (`leaves`, `stays` or
        `not_sure`) and `model_version`.

    Raises:
        ValueError: There is no row of the date, or what the champion answers from
            is not made any more.
    """
    rows = at_date(customer_features, scoring.observation_date)
    names = require_features(champion.manifest, rows.columns)
    known = rows.select("customer_id", "observation_date", *names)
    parts = [
        _score_batch(batch.to_pandas(), champion)
        for batch in _with_left(known, customers).to_pyarrow_batches(
            chunk_size=BATCH_ROWS
        )
    ]
    scores = pd.concat(parts, ignore_index=True)
    # The id settles ties, so that the same input gives the same file.
    order = np.lexsort((scores["customer_id"], -scores["churn_probability"]))
    return scores.iloc[order].reset_index(drop=True)


def list_calls(
    churn_scores: pd.DataFrame,
    customer_features: ibis.Table,
    feature_set: dict[str, Any],
    *,
    champion: Artifact,
    decision: Decision,
    dataset: Dataset,
    scoring: Scoring,
) -> pd.DataFrame:
    """Return whom to call today, the call that is expected to earn most first.

    Args:
        churn_scores: Every customer with what the model says of them.
        customer_features: Holds the features and the columns of reports.
        feature_set: Names the columns that reports are sliced by.
        champion: The released artifact, which made the scores.
        decision: How many calls there is time for.
        dataset: Its currency.
        scoring: How many reasons are told, and of how many customers.

    Returns:
        `rank` (from 1), `customer_id`, `churn_probability` (three decimals),
        `expected_profit` (money of the call, two decimals), `currency`, `certainty`,
        `reasons` (what raises the customer's churn risk most, in words; empty below
        the first `scoring.reasons_for`), and the segment columns; at most
        `decision.capacity` rows.
    """
    worth = churn_scores[churn_scores["decision"] == CALL]
    first = worth.sort_values("expected_profit", ascending=False, kind="stable")
    called = first.iloc[: decision.capacity]
    listed = pd.DataFrame(
        {
            "rank": np.arange(1, len(called) + 1),
            "customer_id": called["customer_id"].to_numpy(),
            "churn_probability": called["churn_probability"].round(3).to_numpy(),
            "expected_profit": called["expected_profit"].round(2).to_numpy(),
            "currency": dataset.currency,
            "certainty": called["certainty"].to_numpy(),
        }
    )
    date = pd.Timestamp(churn_scores["observation_date"].iloc[0]).date()
    rows = at_date(customer_features, date)
    told = _reasons(rows, listed["customer_id"], champion, scoring)
    listed["reasons"] = listed["customer_id"].map(told).fillna("")
    segments = _segments(rows, feature_set["segments"])
    return listed.merge(segments, on="customer_id", how="left")


def at_date(features: ibis.Table, date: dt.date | None) -> ibis.Table:
    """Return the rows of one observation date, by default the newest.

    Raises:
        ValueError: There is no row of the date.
    """
    dates = features.observation_date
    chosen = date or features.aggregate(newest=dates.max()).to_pandas()["newest"][0]
    rows = features.filter(dates == ibis.date(str(chosen)[:10]))
    if pd.isna(chosen) or rows.count().to_pyarrow().as_py() == 0:
        known = features.select("observation_date").distinct()
        some = sorted(str(d)[:10] for d in known.to_pandas()["observation_date"])
        raise ValueError(
            f"expected rows of observation date {chosen} in customer_features, found "
            f"none; dates there: {', '.join(some[-12:]) or 'none'}; choose one of "
            "them, or make the features of newer data"
        )
    return rows


def _with_left(rows: ibis.Table, customers: ibis.Table) -> ibis.Table:
    """Return the rows with whether the customer's own label says that they left."""
    if "label" not in customers.columns:
        return rows.mutate(**{_LEFT: False})
    labelled = customers.select("customer_id", **{_LEFT: customers["label"] == 1})
    joined = rows.left_join(labelled, "customer_id").drop("customer_id_right")
    return joined.mutate(**{_LEFT: joined[_LEFT].fill_null(False)})


def _reasons(
    rows: ibis.Table, called: pd.Series[Any], champion: Artifact, scoring: Scoring
) -> dict[str, str]:
    """Return why to call, by customer, of the first of those to call."""
    wanted = called.iloc[: scoring.reasons_for if scoring.reasons else 0].tolist()
    if not wanted:
        return {}
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


def _score_batch(batch: pd.DataFrame, artifact: Any) -> pd.DataFrame:
    """Return the scores of some rows."""
    probability = artifact.predict(batch)
    left = batch[_LEFT].to_numpy(dtype=bool)
    decided = decide(batch, probability, artifact.manifest, left=left)
    return batch[["customer_id", "observation_date"]].assign(
        churn_probability=probability,
        decision=decided.decision,
        expected_profit=decided.expected_profit,
        certainty=decided.certainty,
        model_version=artifact.manifest.version,
    )
