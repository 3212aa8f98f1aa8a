"""Inference, the same in both forms of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import msgspec

from churn_pipeline.serving.answering import Asked
from churn_pipeline.serving.contract import MAX_BYTES
from churn_pipeline.serving.logbook import note_many
from churn_pipeline.serving.oip.model import OUTPUTS, routes
from churn_pipeline.serving.oip.tensors import Tensor, count, rows_of
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.refusal import Problem, Refusal, shortened
from churn_pipeline.serving.routing import Side
from churn_pipeline.serving.text import Told
from churn_pipeline.serving.work import answered_one, in_thread, listed


@dataclass(slots=True)
class Inference:
    """A request.

    Attributes:
        model: Name that is asked for.
        version: Likewise; empty: whom the rollout chooses.
        inputs: What is asked about.
        outputs: Names of what is wanted; none: all.
        request_id: Under which the journal has it.
        start: Seconds of `perf_counter` when it came.
        endpoint: Under which the journal has it.
        key_hash: Of the caller's key.
        n_bytes: Of the whole request.
    """

    model: str
    version: str
    inputs: Sequence[Tensor]
    outputs: Sequence[str]
    request_id: str
    start: float
    endpoint: str
    key_hash: str
    n_bytes: int


@dataclass(slots=True)
class Inferred:
    """An answer.

    Attributes:
        version: Of the model that answered; empty where two did.
        n_rows: Customers.
        outputs: Name -> values, (n,), in the order that was asked for.
    """

    version: str
    n_rows: int
    outputs: dict[str, list[Any]]


async def infer(parts: Parts, asked: Inference) -> Inferred:
    """Answer: one customer as `/predict` does, several as `/predict_batch`.

    One whose request is larger than `/predict` takes is answered in the thread, where
    it holds up no others.

    Raises:
        Refusal: The request breaks the contract, or more is asked than can be done.
    """
    wanted = _wanted(asked.outputs)
    champion = parts.models.champion
    router = routes(parts.models, parts.router, asked.model, asked.version)

    def read(body: bytes) -> Asked:
        """Return the request to the models."""
        inner = Asked(champion.reader, router, body, asked.request_id, asked.start)
        inner.control = parts.control.group
        return inner

    if count(asked.inputs) == 1 and asked.n_bytes <= MAX_BYTES:
        (row,) = rows_of(asked.inputs, champion.contract)
        inner = read(msgspec.json.encode(row))
        one = answered_one(parts, inner, asked.endpoint, asked.key_hash)
        return inferred([(one.side, one.told)], wanted)

    def work() -> tuple[Asked, Any]:
        """Read and answer, all in the thread."""
        rows = rows_of(asked.inputs, champion.contract)
        inner = read(msgspec.json.encode(rows))
        return inner, listed(parts, inner)

    inner, many = await in_thread(parts, work)
    note_many(parts, inner, many, asked.endpoint, asked.key_hash)
    found = [
        (line, group.side, told)
        for group in many.groups
        for line, told in zip(group.lines, group.found.told, strict=True)
    ]
    found.sort(key=lambda row: row[0])
    return inferred([(side, told) for _, side, told in found], wanted)


def _wanted(names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in OUTPUTS:
            problem = Problem(
                code="unknown_output",
                field=shortened(name),
                expected=f"outputs among {', '.join(OUTPUTS)}",
                received="one that there is not",
            )
            raise Refusal(422, [problem])
    return list(dict.fromkeys(names)) or list(OUTPUTS)


def inferred(rows: list[tuple[Side, Told]], wanted: Sequence[str]) -> Inferred:
    """Return the outputs that are wanted, of customers and of who answered them."""
    versions = {side.model.version for side, _ in rows}
    version = versions.pop() if len(versions) == 1 else ""
    values = {name: [_value(name, *row) for row in rows] for name in wanted}
    return Inferred(version, len(rows), values)


def _value(name: str, side: Side, told: Told) -> Any:
    if name == "churn_probability":
        return told.probability
    if name == "threshold":
        return told.threshold if told.threshold <= 1 else nan
    if name == "decision":
        return told.decision
    if name == "kept_aside":
        return told.kept_aside
    return side.model.version if name == "model_version" else side.variant
