"""The picture: how far each peer is from ours, with the interval of the difference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.quality.models import MODELS
from benchmarks.quality.ours import NET
from benchmarks.quality.sets import SETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_METRICS = {"log_loss": ("log loss", 1), "roc_auc": ("ROC AUC", -1)}
"""Title of each row of panels, and the sign of a peer that is worse."""

_WORSE, _EVEN, _BETTER = "#1b7837", "#6b7280", "#b2182b"


def draw(pooled: dict[str, dict[str, Any]], path: Path) -> None:
    """Write an SVG with a panel a data set and metric; ours is the line at 0."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "quality", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    sets = [name for name in SETS if NET in pooled.get(name, {})]
    compared = {peer for name in sets for peer in pooled[name]} - {NET}
    peers = [name for name in MODELS if name in compared]
    shape = (len(_METRICS), len(sets))
    figure, axes = plt.subplots(
        *shape, figsize=(3.2 + 2.3 * len(sets), 5.5), sharey=True, squeeze=False
    )
    for line, metric in zip(axes, _METRICS, strict=True):
        for panel, name in zip(line, sets, strict=True):
            _panel(panel, metric, pooled[name], peers)
            panel.set_title(name)
    figure.suptitle("A peer's metric less ours, with its 95 % interval")
    figure.legend(
        handles=[
            Line2D([], [], color=colour, marker="o", label=text)
            for colour, text in (
                (_WORSE, "ours is better"),
                (_EVEN, "cannot be told apart"),
                (_BETTER, "the peer is better"),
            )
        ],
        loc="lower center",
        ncols=3,
        frameon=False,
    )
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def _panel(axes: Axes, metric: str, models: dict[str, Any], peers: list[str]) -> None:
    title, sign = _METRICS[metric]
    axes.axvline(0, color="black", linewidth=0.8)
    for place, name in enumerate(peers):
        found = models.get(name, {}).get("less_net", {}).get(metric)
        if found:
            difference, low, high = found
            colour = _colour(sign * low, sign * high)
            axes.plot([low, high], [place, place], color=colour)
            axes.plot(difference, place, "o", color=colour, markersize=4)
    axes.set_yticks(range(len(peers)), peers)
    axes.set_ylim(len(peers) - 0.5, -0.5)
    axes.set_xlabel(title)
    axes.locator_params(axis="x", nbins=3)
    axes.spines[["top", "right"]].set_visible(False)


def _colour(one_end: float, other_end: float) -> str:
    """Return the colour of a difference; above 0 the peer is worse."""
    if min(one_end, other_end) > 0:
        return _WORSE
    return _BETTER if max(one_end, other_end) < 0 else _EVEN
