"""The net as ONNX operators, for one row at a time above all.

For one row a node costs a third of a microsecond by itself, and reading the weights
most of the rest. So constants are worked out here, columns and members go side by
side, and the linear part and the biases go with what is there anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.models.graph import NUMBERS, Graph

Arrays = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float32]

_FAR = 3e38
"""What is beyond counts as this: no bin ends there."""
_BETWEEN = 3.2e38
_MISSING = float(np.finfo(np.float32).max)
"""What a missing number is until it is in its bins: apart from every other."""
_EDGE = 1e-7


def add_net(graph: Graph, arrays: Arrays, layers: int) -> str:
    """Add an `EnsembleNet`.

    Args:
        graph: The graph under construction.
        arrays: The net's arrays by name.
        layers: Number of hidden layers.

    Returns:
        Name of the probabilities of churn and of staying, float64, (n, 2), above 0.
    """
    x, linear = _add_embedding(graph, arrays)
    for layer in range(layers):
        weight, bias = (arrays[f"hidden.{layer}.{n}"] for n in ("weight", "bias"))
        if layer == 0:
            weight = _by_unit(weight, arrays["embedding.bias"].shape[1])
        x = graph.node("MatMul", x, graph.constant(weight))
        x = graph.node("Relu", graph.node("Add", x, graph.constant(bias)))
    last = graph.constant(arrays["last.weight"].transpose(0, 2, 1))
    x = graph.node("Mul", x, last)  # quicker than products with one column each
    axis = graph.constant(np.array([2]))
    x = graph.node("ReduceSum", x, axis, keepdims=0)  # (members, n)
    logits = graph.node("Add", graph.node("Transpose", x, perm=[1, 0]), linear)
    return _add_means(graph, logits, len(arrays["last.bias"]))


def _add_embedding(graph: Graph, arrays: Arrays) -> tuple[str, str]:
    """Add `net.Embedding`.

    Returns:
        Names of the units, float32, (members, n, width), each unit of all features
        after the other, and of the linear part, (n, members).
    """
    own = {n.removeprefix("embedding."): arrays[n] for n in arrays if "embedding." in n}
    members, n_features, n_channels = own["bias"].shape
    units = n_channels - 1
    # The last layer's bias comes with the linear part.
    own["bias"] = own["bias"].copy()
    own["bias"][:, 0, -1] += arrays["last.bias"][:, 0, 0]
    parts = []
    if len(own["column"]):
        parts.append(_add_numbers(graph, own))
    if len(own["offset"]):
        table = graph.constant(_side_by_side(_table(own)))
        places = graph.node("Transpose", graph.places(), perm=[1, 0])
        parts.append(graph.node("Gather", table, places, axis=0))
    found = graph.node("Concat", *parts, axis=0) if len(parts) > 1 else parts[0]
    found = graph.node("Transpose", found, perm=[1, 2, 0])
    start, split, end = (
        graph.constant(np.array([at])) for at in (0, members * units, 2**31)
    )
    axis, last = (graph.constant(np.array([at])) for at in (1, 2))
    linear = graph.node("Slice", found, split, end, axis)
    linear = graph.node("ReduceSum", linear, last, keepdims=0)
    x = graph.node("Relu", graph.node("Slice", found, start, split, axis))
    shape = graph.constant(np.array([-1, members, units * n_features]))
    x = graph.node("Reshape", x, shape)
    return graph.node("Transpose", x, perm=[1, 0, 2]), linear


def _add_numbers(graph: Graph, own: Arrays) -> str:
    """Add what the numbers say, float32, (n_used, n, channels of all members)."""
    used = NUMBERS
    if own["column"].tolist() != list(range(graph.n_numbers)):
        used = graph.node("Gather", used, graph.constant(own["column"]), axis=1)
    missing, near, far = (
        graph.constant(np.array(v, np.float32)) for v in (_MISSING, -_FAR, _FAR)
    )
    held = graph.node("Clip", used, near, far)
    filled = graph.node("Where", graph.node("IsNaN", used), missing, held)
    filled = graph.node("Transpose", filled, perm=[1, 0])
    filled = graph.node("Unsqueeze", filled, graph.constant(np.array([2])))
    left, inverse_width, weight = (graph.constant(part) for part in _bins(own))
    bins = graph.node("Mul", graph.node("Sub", filled, left), inverse_width)
    zero, one = (graph.constant(np.array(v, np.float32)) for v in (0, 1))
    return graph.node("MatMul", graph.node("Clip", bins, zero, one), weight)


def _bins(own: Arrays) -> tuple[Floats, Floats, Floats]:
    """Return where bins begin, 1 / their width, (n_used, 1, n), and their weights.

    Two bins more than the net has: one that only a missing number fills, as it does
    all others, and one that is always full, for the bias.
    """
    real = own["inverse_width"] > 0
    ends = np.tile(np.array([_BETWEEN, -_MISSING], np.float32), (len(real), 1))
    left = np.concatenate([np.where(real, own["left"], 0), ends], axis=1)
    inverse_width = np.where(real, own["inverse_width"], 1)
    inverse_width = np.concatenate([inverse_width, np.ones_like(ends)], axis=1)
    weight = own["weight"].astype(np.float64)
    of_bins, of_gap = weight[:, :, :-1] * real[:, :, None], weight[:, :, -1]
    fill = np.clip(own["fill"], own["low"], own["high"])[:, None]
    full = np.clip((fill - own["left"]) * own["inverse_width"], 0, 1)
    of_missing = np.einsum("kfbc,fb->kfc", of_bins, full - 1)
    of_missing += of_gap * own["gap"][:, None]
    bias = own["bias"][:, : len(real)]
    whole = np.concatenate([of_bins, of_missing[:, :, None], bias[:, :, None]], axis=2)
    weights = _side_by_side(whole.astype(np.float32))
    return left[:, None], inverse_width[:, None].astype(np.float32), weights


def _table(own: Arrays) -> Floats:
    """Return what each code says, its column's bias included, (k, n_codes, c)."""
    table, starts = own["table"], own["offset"][1:]
    text = np.zeros(table.shape[1], np.int64)
    text[starts] = 1
    bias = own["bias"][:, len(own["column"]) :]
    return np.asarray(table + bias[:, text.cumsum()])


def _by_unit(weight: Floats, n_features: int) -> Floats:
    """Return the first layer's weights in the order of `_add_embedding`'s units."""
    members, n_in, n_out = weight.shape
    of_units = weight.reshape(members, n_features, n_in // n_features, n_out)
    return of_units.swapaxes(1, 2).reshape(weight.shape)


def _side_by_side(array: NDArray[Any]) -> NDArray[Any]:
    """Return all members' units, then all members' linear parts, in the last axis.

    Args:
        array: (members, ..., units + 1), the linear part last.
    """
    units = np.moveaxis(array[..., :-1], 0, -2)
    units = units.reshape(*units.shape[:-2], -1)
    return np.concatenate([units, np.moveaxis(array[..., -1], 0, -1)], axis=-1)


def _add_means(graph: Graph, logits: str, members: int) -> str:
    """Add the means of the members' probabilities of churn and of staying.

    Args:
        graph: The graph under construction.
        logits: Name of the members' logits, float32, (n, members).
        members: How many.
    """
    chance = graph.node("Sigmoid", graph.double(logits))
    share = np.full((members, 1), 1 / members)
    mean = graph.node("MatMul", chance, graph.constant(np.hstack([share, -share])))
    sides = graph.node("Add", mean, graph.constant(np.array([0.0, 1.0])))
    return graph.node("Max", sides, graph.constant(np.array(_EDGE)))
