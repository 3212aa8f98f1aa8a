"""The rows that a model is judged on, with everything known of them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.metrics import Ranking
from churn_pipeline.evaluation.profit import gains
from churn_pipeline.evaluation.slices import groups, levels
from churn_pipeline.feature import FeatureSet
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.expected import require_features

KEYS = ["customer_id", "observation_date"]
PROBABILITY = "churn_probability"
THRESHOLD = "threshold"
"""Column of the probability from which on the model calls each row."""
CHAMPION = "champion_probability"
CHAMPION_THRESHOLD = "champion_threshold"
VALUE = "customer_value"
"""Column of the money that each row's customer is worth."""
TRUTH = "true_churn_probability"
CANDIDATE = "candidate_"
"""Prefix of the columns that hold the probabilities of a candidate."""


def held_out(model_input: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the test split, in order, numbered from 0.

    Raises:
        ValueError: There are none.
    """
    rows = model_input[model_input["split"] == "test"].reset_index(drop=True)
    if rows.empty:
        raise ValueError(
            "expected rows of the split test in model_input, got splits "
            f"{sorted(model_input['split'].unique())}; give the test split a share or "
            "a time of its own in parameters_feature_engineering.yml"
        )
    return rows


def assemble(
    model_input: pd.DataFrame,
    artifact: Artifact,
    feature_set: FeatureSet,
    *,
    decision: Decision,
    test_predictions: pd.DataFrame,
    truth: ibis.Table | None,
) -> pd.DataFrame:
    """Return the test rows with probabilities, values, candidates, truth and groups.

    Args:
        model_input: All rows, with `split` and `label`.
        artifact: The model that is judged.
        feature_set: Says which columns are groups.
        decision: Says what each customer is worth.
        test_predictions: Probabilities of every candidate on the test split.
        truth: True churn probabilities, where they are known.

    Returns:
        `customer_id`, `observation_date`, `label`, `churn_probability`, `threshold`
        (from which on the model calls this customer), `customer_value` (money),
        `candidate_<name>`, `true_churn_probability` (NaN where not known) and the
        columns of segments and sensitive groups as they are.
    """
    rows = held_out(model_input)
    groups = dict.fromkeys((*feature_set.segments, *feature_set.sensitive))
    kept = rows[[*KEYS, "label", *groups]]
    scored = kept.assign(
        **{
            PROBABILITY: artifact.predict(columns(rows, artifact)),
            THRESHOLD: thresholds(rows, artifact),
            VALUE: decision.values(rows, len(rows)),
        }
    )
    candidates = test_predictions.drop(columns="label").rename(
        columns=lambda name: name if name in KEYS else f"{CANDIDATE}{name}"
    )
    found = _join(scored, candidates)
    return _join(found, _true(truth, rows)) if truth is not None else found


def columns(rows: pd.DataFrame, artifact: Artifact) -> dict[str, np.ndarray[Any, Any]]:
    """Return the features of an artifact as arrays, numbers float64, texts object.

    Raises:
        ValueError: A feature is not among the columns.
    """
    require_features(artifact.manifest, rows.columns)
    return {
        feature.name: rows[feature.name].to_numpy(
            _KINDS[feature.type], na_value=_MISSING[feature.type]
        )
        for feature in artifact.manifest.features
    }


def by_champion(rows: pd.DataFrame, champion: Artifact) -> dict[str, NDArray[Any]]:
    """Return the columns of what the champion says of rows.

    Raises:
        ValueError: A column that it needs is not there.
    """
    return {
        CHAMPION: champion.predict(columns(rows, champion)),
        CHAMPION_THRESHOLD: thresholds(rows, champion),
    }


def thresholds(rows: pd.DataFrame, artifact: Artifact) -> NDArray[np.float64]:
    """Return the probability from which on an artifact calls each row, float64, (n,).

    Raises:
        ValueError: The column of the customers' value is not there.
    """
    decision = artifact.manifest.decision
    return decision.threshold(decision.values(rows, len(rows)))


def capacity_share(model_input: pd.DataFrame, decision: Decision) -> float | None:
    """Return the share of the customers there are that there is time to call.

    Args:
        model_input: All rows; a day's customers are those of its newest date.
        decision: Says how many calls there is time for.

    Returns:
        Above 0, at most 1; None where there is time for all.
    """
    if decision.capacity is None:
        return None
    dates = model_input["observation_date"]
    return min(1.0, decision.capacity / int((dates == dates.max()).sum()))


def called_first(
    rows: pd.DataFrame, share: float, decision: Decision
) -> NDArray[np.bool_]:
    """Return whether each row is among so many whose call is expected to earn most.

    Args:
        rows: The scored test rows.
        share: Share of the rows that there is time for, above 0.
        decision: Costs and values.

    Returns:
        (n,), at least one row where any is worth a call; none that is not.
    """
    probability = rows[PROBABILITY].to_numpy()
    expected = decision.expected(probability, rows[VALUE])
    order = np.argsort(-expected, kind="stable")
    first = np.zeros(len(rows), dtype=bool)
    first[order[: max(1, round(share * len(rows)))]] = True
    return np.asarray(first & (probability >= rows[THRESHOLD].to_numpy()))


def ranking(
    rows: pd.DataFrame, column: str, threshold: ArrayLike, decision: Decision
) -> Ranking:
    """Return the sorted view of one column of probabilities, with the gains."""
    return Ranking.of(
        rows["label"],
        rows[column],
        threshold=threshold,
        gain=gains(rows["label"], decision, rows[VALUE]),
    )


def candidates(rows: pd.DataFrame) -> dict[str, str]:
    """Return the name of each candidate and its column."""
    return {
        name.removeprefix(CANDIDATE): name
        for name in rows.columns
        if name.startswith(CANDIDATE)
    }


def group_values(rows: pd.DataFrame, column: str) -> np.ndarray[Any, Any]:
    """Return a column with None for every kind of missing value, object, (n,)."""
    values = rows[column].astype(object)
    return values.where(values.notna(), None).to_numpy()


def parts(
    rows: pd.DataFrame, segments: list[str]
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield each segment, each of its levels and the rows of that level."""
    for segment in segments:
        for level, inside in groups(levels(group_values(rows, segment))):
            yield segment, level, rows[inside]


def sample(rows: pd.DataFrame, at_most: int, seed: int) -> pd.DataFrame:
    """Return at most so many rows, drawn without putting back, numbered from 0."""
    drawn: pd.DataFrame = rows.sample(min(at_most, len(rows)), random_state=seed)
    return drawn.reset_index(drop=True)


def truth_is_known(rows: pd.DataFrame) -> bool:
    """Return whether every row has its true probability: a ceiling of some is none."""
    return TRUTH in rows and bool(rows[TRUTH].notna().all())


_KINDS: dict[str, type] = {"number": np.float64, "category": object}
_MISSING: dict[str, Any] = {"number": np.nan, "category": None}


def _join(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Add columns by customer and date, whatever type a date came in."""
    keyed = rows.assign(_date=pd.to_datetime(rows["observation_date"]))
    other = more.assign(_date=pd.to_datetime(more["observation_date"])).drop(
        columns="observation_date"
    )
    joined = keyed.merge(
        other, on=["customer_id", "_date"], how="left", validate="one_to_one"
    )
    return joined.drop(columns="_date")


def _true(truth: ibis.Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the true probabilities of the dates that the rows have."""
    dates = [ibis.date(str(date)[:10]) for date in rows["observation_date"].unique()]
    known = truth.filter(truth.observation_date.cast("date").isin(dates))
    found: pd.DataFrame = known.select(*KEYS, "churn_probability").to_pandas()
    return found.rename(columns={"churn_probability": TRUTH})
