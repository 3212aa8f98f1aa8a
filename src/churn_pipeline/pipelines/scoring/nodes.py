"""Score the customers that the company has now."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from churn_pipeline.pipelines.scoring.held_out import held_out_rows, instead_of
from churn_pipeline.pipelines.scoring.params import Scoring
from churn_pipeline.pipelines.scoring.rows import at_date, newest
from churn_pipeline.release.artifact import Artifact, ArtifactError
from churn_pipeline.release.expected import require_features
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.serving.decide import decide

BATCH_ROWS = 65_536
_LEFT = "_left"


def find_held_out_rows(
    customer_features: ibis.Table,
    *,
    champion: Artifact,
    champion_as_measured: Reigning | ArtifactError,
    held_out_of_champion: pd.DataFrame,
    model_input_of_champion: pd.DataFrame,
    scoring: Scoring,
) -> pd.DataFrame:
    """Return the rows of the scored date that the champion has learnt the label of.

    Of events the newest date has none yet; of a snapshot all have been learnt.

    Returns:
        As of `held_out.held_out_rows`.
    """
    date = scoring.observation_date or newest(customer_features).date()
    return held_out_rows(
        date=date,
        champion=champion,
        measured=champion_as_measured,
        held_out=held_out_of_champion,
        known=model_input_of_champion,
    )


def score_customers(
    customer_features: ibis.Table,
    customers: ibis.Table,
    held_out_rows: pd.DataFrame,
    champion: Any,
    scoring: Scoring,
) -> pd.DataFrame:
    """Return the churn probability of each customer, the likeliest to churn first.

    Args:
        customer_features: One row a customer and observation date.
        customers: Typed customers; of a snapshot with `label`, 1: left already.
        held_out_rows: Rows that the champion was fit on, with the probability of
            models that were not.
        champion: The released artifact.
        scoring: Which date to score.

    Returns:
        `customer_id`, `observation_date`, `churn_probability` (float64, [0, 1]),
        `held_out` (whether it is of models that were not fit on this very row, in
        place of the champion's), `decision` (`call`, `no_call`, or `gone`: has left
        already), `expected_profit` (money of a call), `customer_value` (money),
        `certainty` (`leaves`, `stays` or `not_sure`) and `model_version`.

    Raises:
        ValueError: There is no row of the date, or what the champion answers from
            is not made any more.
    """
    rows = at_date(customer_features, scoring.observation_date)
    names = require_features(champion.manifest, rows.columns)
    known = rows.select("customer_id", "observation_date", *names)
    parts = [
        _score_batch(batch.to_pandas(), held_out_rows, champion)
        for batch in _with_left(known, customers).to_pyarrow_batches(
            chunk_size=BATCH_ROWS
        )
    ]
    scores = pd.concat(parts, ignore_index=True)
    # The id settles ties, so that the same input gives the same file.
    order = np.lexsort((scores["customer_id"], -scores["churn_probability"]))
    return scores.iloc[order].reset_index(drop=True)


def _with_left(rows: ibis.Table, customers: ibis.Table) -> ibis.Table:
    """Return the rows with whether the customer's own label says that they left."""
    if "label" not in customers.columns:
        return rows.mutate(**{_LEFT: False})
    labelled = customers.select("customer_id", **{_LEFT: customers["label"] == 1})
    joined = rows.left_join(labelled, "customer_id").drop("customer_id_right")
    return joined.mutate(**{_LEFT: joined[_LEFT].fill_null(False)})


def _score_batch(
    batch: pd.DataFrame, held_out: pd.DataFrame, artifact: Artifact
) -> pd.DataFrame:
    """Return the scores of some rows."""
    probability, taken = instead_of(batch, artifact.predict(batch), held_out, artifact)
    left = batch[_LEFT].to_numpy(dtype=bool)
    decided = decide(batch, probability, artifact.manifest, left=left)
    return batch[["customer_id", "observation_date"]].assign(
        churn_probability=probability,
        held_out=taken,
        decision=decided.decision,
        expected_profit=decided.expected_profit,
        customer_value=artifact.manifest.decision.values(batch, len(batch)),
        certainty=decided.certainty,
        model_version=artifact.manifest.version,
    )
