"""The net's embedding as ONNX operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.graph import NUMBERS, Graph

Arrays = Mapping[str, NDArray[Any]]


def add_embedding(graph: Graph, arrays: Arrays) -> tuple[str, str]:
    """Add the embedding of `net.Embedding`.

    Args:
        graph: The graph under construction.
        arrays: The net's arrays by name.

    Returns:
        Names of the units, float32, (members, n, width), and of the linear part,
        (n, members).
    """
    own = {n.removeprefix("embedding."): arrays[n] for n in arrays if "embedding." in n}
    members, n_features, n_channels = own["bias"].shape
    # Channels of all members side by side: one multiplication a feature.
    flat = {n: np.moveaxis(own[n], 0, -2) for n in ("weight", "bias", "table")}
    flat = {n: a.reshape(*a.shape[:-2], members * n_channels) for n, a in flat.items()}
    n_used = len(own["column"])
    parts = _add_codes(graph, flat["table"], own["offset"])
    if n_used:
        weight = graph.constant(flat["weight"])
        parts = [graph.node("MatMul", _add_bins(graph, own), weight), *parts]
    found = graph.node("Concat", *parts, axis=0)
    found = graph.node("Add", found, graph.constant(flat["bias"][:, None]))
    shape = graph.constant(np.array([n_features, -1, members, n_channels]))
    found = graph.node("Reshape", found, shape)
    last, end, axis = (graph.constant(np.array([v])) for v in (-1, 2**31, 3))
    linear = graph.node("Slice", found, last, end, axis)
    linear = graph.node(
        "ReduceSum", linear, graph.constant(np.array([0, 3])), keepdims=0
    )
    first = graph.constant(np.array([0]))
    units = graph.node("Relu", graph.node("Slice", found, first, last, axis))
    units = graph.node("Transpose", units, perm=[2, 1, 0, 3])
    width = graph.constant(np.array([members, -1, n_features * (n_channels - 1)]))
    return graph.node("Reshape", units, width), linear


def _add_bins(graph: Graph, own: Arrays) -> str:
    """Add the numbers' bins, float32, (n_used, n, n_bins + 1)."""
    last = graph.constant(np.array([2]))
    used = graph.node("Gather", NUMBERS, graph.constant(own["column"]), axis=1)
    used = graph.node("Transpose", used, perm=[1, 0])
    missing = graph.node("IsNaN", used)
    fill = graph.constant(own["fill"][:, None])
    filled = graph.node("Where", missing, fill, used)
    low, high = (graph.constant(own[name][:, None]) for name in ("low", "high"))
    filled = graph.node("Min", graph.node("Max", filled, low), high)
    filled = graph.node("Unsqueeze", filled, last)
    left = graph.constant(own["left"][:, None])
    inverse_width = graph.constant(own["inverse_width"][:, None])
    bins = graph.node("Mul", graph.node("Sub", filled, left), inverse_width)
    zero, one = (graph.constant(np.array(v, np.float32)) for v in (0, 1))
    gap = graph.constant(own["gap"][:, None])
    gaps = graph.node("Mul", graph.float(missing), gap)
    gaps = graph.node("Unsqueeze", gaps, last)
    return graph.node("Concat", graph.node("Clip", bins, zero, one), gaps, axis=2)


def _add_codes(
    graph: Graph, table: NDArray[Any], offset: NDArray[np.int64]
) -> list[str]:
    """Add each text column's row of the table, float32, (1, n, channels)."""
    parts = []
    for rows, code in zip(np.split(table, offset[1:]), graph.codes()):
        found = graph.node("Gather", graph.constant(rows), code, axis=0)
        parts.append(graph.node("Unsqueeze", found, graph.constant(np.array([0]))))
    return parts
