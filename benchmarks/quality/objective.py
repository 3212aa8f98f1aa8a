"""What tuning the net for profit earns beside tuning it for the log loss.

`python -m benchmarks.quality.objective FOLDER [FOLDS]`: on Telco, whose customers are
worth what they pay a year. For the first FOLDS (3) of five folds a study of either
objective is made on the training rows, with the settings that are shipped; the figures
are of the test rows of these folds together, in money a customer. FOLDER keeps the data
set.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.quality.folds import cut, work_of
from benchmarks.quality.ours import fit_net
from benchmarks.quality.sets import DataSet, load, parameters
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.profit import gains
from churn_pipeline.evaluation.profit_loss import profit_loss

OBJECTIVES = ("log_loss", "profit")
RESAMPLES = 2000


def main(folder: Path, n_folds: int) -> None:
    """Print the figures of both, and how much more profit the second earns."""
    data = load("telco", folder)
    folds = cut(data.rows, 5)[:n_folds]
    decision = Decision(**parameters(data)["decision"])
    rows = data.rows.iloc[np.concatenate([fold.test for fold in folds])]
    label, value = rows["label"].to_numpy(), decision.values(rows, len(rows))
    earned = {}
    for objective in OBJECTIVES:
        told = tuned_for(data, objective, folder)
        parts = []
        for fold in folds:
            work, asked = work_of(told, fold, threads=1)
            parts.append(fit_net(work).predict(asked))
        chance = np.concatenate(parts)
        called = chance >= decision.threshold(value)
        earned[objective] = called * gains(label, decision, value)
        lost = profit_loss(decision, value)(label, chance)
        say(
            f"{objective:<9} profit {earned[objective].mean():.3f}, lost to not "
            f"knowing {lost:.3f}, log loss {log_loss(label, chance):.4f}, AUC "
            f"{roc_auc_score(label, chance):.4f}"
        )
    more = earned["profit"] - earned["log_loss"]
    drawn = np.random.default_rng(0).integers(0, len(more), (RESAMPLES, len(more)))
    low, high = np.quantile(more[drawn].mean(axis=1), (0.025, 0.975))
    say(f"more: {more.mean():+.3f} ({low:+.3f} to {high:+.3f}), {len(more):,} rows")


def tuned_for(data: DataSet, objective: str, folder: Path) -> DataSet:
    """Return the data set with parameters that judge trials by an objective."""
    given = parameters(data)
    given["training"]["tuning"]["objective"] = objective
    path = folder / f"{objective}.json"
    path.write_text(json.dumps(given), "utf-8")
    return replace(data, parameters=path)


def say(line: str) -> None:
    """Print a line as soon as it is known."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 3)
