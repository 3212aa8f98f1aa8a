"""What deciding by each customer's value earns, and how steady a loss in money is.

Reads what `kedro run --env telco` of a project folder wrote (predictions of customers
by models that were not fit on them), writes the figures as Markdown to the console,
and a picture. Usage: python benchmarks/decisions.py PROJECT PICTURE.svg
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy.stats import beta

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.evaluation.profit import gains, profit, top_of_curve
from churn_pipeline.evaluation.profit_loss import profit_loss

Floats = NDArray[np.float64]
SHARES = (0.02, 0.05, 0.1, 0.14, 0.2, 0.3, 0.4, 0.5)
RESAMPLES, TRIALS, ROWS = 2000, 1000, 1000
FAMILY = "logistic"


def main(project: Path, picture: Path) -> None:
    """Print both tables and draw the picture."""
    rows, decision = _customers(project)
    found = _by_share(rows, decision)
    _draw(found, picture)
    _say("| calls, share of customers | by probability | by expected profit | more |")
    _say("|---|---|---|---|")
    for share, row in found.items():
        if share in SHARES:
            by_probability, by_profit, low, high = row
            gain = by_profit - by_probability
            _say(
                f"| {share:.0%} | {by_probability:.2f} | {by_profit:.2f} | "
                f"+{gain:.2f} ({low:+.2f} to {high:+.2f}) |"
            )
    _say(f"\n| compared by | {' | '.join(_worse_by(0.2))} |")
    _say("|---|---|---|---|")
    for name, right in _right_choices(rows).items():
        _say(f"| {name} | {' | '.join(f'{share:.1%}' for share in right)} |")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _customers(project: Path) -> tuple[pd.DataFrame, Decision]:
    """Return label, probability and value of each customer, and the decision."""
    given = yaml.safe_load(
        (project / "conf/telco/parameters_decision.yml").read_text("utf-8")
    )
    decision = Decision(**given["decision"])
    held_out = _newest(project / "data/06_models/telco/held_out_predictions.parquet")
    tested = _newest(project / "data/07_model_output/telco/test_predictions.parquet")
    known = pd.concat([held_out, tested], ignore_index=True).dropna(subset=[FAMILY])
    inputs = _newest(project / "data/05_model_input/telco/model_input.parquet")
    rows = known.merge(inputs[["customer_id", decision.value_column]], on="customer_id")
    value = decision.values(rows, len(rows))
    return rows[["label"]].assign(probability=rows[FAMILY], value=value), decision


def _newest(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(sorted(folder.glob("*/*.parquet"))[-1])


def _by_share(
    rows: pd.DataFrame, decision: Decision
) -> dict[float, tuple[float, float, float, float]]:
    """Return profit a customer of either order, by share called, and the interval."""
    p, value = rows["probability"].to_numpy(), rows["value"].to_numpy()
    gain = gains(rows["label"], decision, value)
    orders = [np.argsort(-p), np.argsort(-decision.expected(p, value))]
    rng, n = np.random.default_rng(0), len(rows)
    shares = sorted({*SHARES, *np.linspace(0.01, 0.6, 60).round(2).tolist()})
    counts = [round(share * n) for share in shares]
    draws = np.empty((RESAMPLES, 2, len(shares)))
    for draw in draws:
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        for line, order in zip(draw, orders, strict=True):
            # Of a resample, too, so many are called as there is time for.
            calls, earned = np.cumsum(times[order]), np.cumsum((times * gain)[order])
            line[:] = earned[np.searchsorted(calls, counts).clip(max=n - 1)] / n
    point = [np.cumsum(gain[order])[np.array(counts) - 1] / n for order in orders]
    low, high = np.quantile(draws[:, 1] - draws[:, 0], [0.025, 0.975], axis=0)
    columns = (*point, low, high)
    return {
        share: tuple(float(column[i]) for column in columns)  # type: ignore[misc]
        for i, share in enumerate(shares)
    }


def _right_choices(rows: pd.DataFrame) -> dict[str, list[float]]:
    """Return how often each measure prefers the better of two models on few rows.

    The labels are drawn from the probabilities, so that these are the truth. Of each
    pair the one that would earn more on very many such rows is the better.
    """
    truth = rows["probability"].clip(0.001, 0.999).to_numpy()
    logit = np.log(truth / (1 - truth))
    costs = Decision(777, 5, 50, 0.25, 0.5)
    measures, pairs = _measures(costs), _worse_by(costs.break_even)
    rng = np.random.default_rng(1)
    right = {name: np.zeros(len(pairs)) for name in measures}
    for _ in range(TRIALS):
        drawn = rng.integers(0, len(truth), ROWS)
        y = (rng.random(ROWS) < truth[drawn]).astype(float)
        for i, spoil in enumerate(pairs.values()):
            models = [1 / (1 + np.exp(-given)) for given in spoil(logit[drawn], rng)]
            for name, measure in measures.items():
                better, worse = (measure(y, p) for p in models)
                right[name][i] += (better > worse) + 0.5 * (better == worse)
    return {name: (count / TRIALS).tolist() for name, count in right.items()}


def _worse_by(break_even: float) -> dict[str, Callable[..., tuple[Floats, Floats]]]:
    """Return pairs of models by what is worse with the second: logits of either."""
    middle = np.log(break_even / (1 - break_even))

    def noisier(logit: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        noise = rng.normal(size=(2, len(logit)))
        return logit + 0.2 * noise[0], logit + 0.6 * noise[1]

    def shifted(logit: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        noise = rng.normal(size=(2, len(logit)))
        return logit + 0.2 * noise[0], logit + 0.2 * noise[1] - 0.8

    def misplaced(logit: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        near, noise = np.abs(logit - middle) < 1, rng.normal(size=(2, len(logit)))
        elsewhere = np.where(near, 0.0, 0.8) * noise[0]
        return logit + elsewhere, logit + np.where(near, 0.8, 0.0) * noise[1]

    return {
        "noise": noisier,
        "says too little": shifted,
        "noise where calls are decided, not elsewhere": misplaced,
    }


def _measures(costs: Decision) -> dict[str, Callable[[Floats, Floats], float]]:
    """Return measures of which more is better."""
    lost = profit_loss(costs)
    return {
        "profit at the break-even": lambda y, p: profit(y, p, costs),
        "profit at the best threshold": lambda y, p: top_of_curve(y, p, costs)[1],
        "expected maximum profit": lambda y, p: _expected_maximum(y, p, costs),
        "`profit_loss`": lambda y, p: -lost(y, p),
        "log loss": lambda y, p: float(np.mean(np.log(np.where(y == 1, p, 1 - p)))),
    }


def _expected_maximum(y: Floats, p: Floats, costs: Decision) -> float:
    """Return the expected maximum profit of Verbraken et al. (2013), by quadrature."""
    rates = beta(5, 15).ppf((np.arange(100) + 0.5) / 100)
    found = np.append(0, np.cumsum(y[np.argsort(-p)])) / len(y)
    called = np.arange(len(y) + 1) / len(y)
    churner = rates * (costs.usual_value - costs.offer_cost) - costs.contact_cost
    stayer = costs.gain_of_stayer * (called - found)
    return float(np.mean(np.max(np.outer(churner, found) + stayer, axis=1)))


def _draw(found: dict[float, Any], picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "decisions", "svg.fonttype": "none"}
    from matplotlib import pyplot as plt

    shares = list(found)
    table = np.array(list(found.values()))
    figure, axes = plt.subplots(figsize=(7, 3.8))
    axes.plot(shares, table[:, 1], color="#2563eb", label="by expected profit")
    axes.plot(shares, table[:, 0], color="#6b7280", label="by probability")
    axes.set_xlabel("share of the customers that is called")
    axes.set_ylabel("USD a customer of all")
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0, 0))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Telco: what so many calls earn", loc="left")
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None, "Creator": None})
    plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
