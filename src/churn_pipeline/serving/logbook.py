"""What the journal, the metrics and the canary are told of an answer."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from churn_pipeline.serving.answering import Asked, Group, Many, One
from churn_pipeline.serving.decide import CALL
from churn_pipeline.serving.journal.entry import BatchEntry, Entry
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.rollout.canary import batch_microseconds

EXPLAIN = "/explain"


def note_one(
    parts: Parts, asked: Asked, one: One, endpoint: str, key_hash: str
) -> None:
    """Tell of an answer to one customer; costs some microseconds, never waits."""
    (model, variant, shadow), told = one.side, one.told
    microseconds = int((time.perf_counter() - asked.start) * 1e6)
    entry = _entry(asked, one, endpoint, key_hash, microseconds)
    parts.journal.add((entry,))
    if one.warnings:
        parts.metrics.warned(one.warnings)
    names = (model.dataset, model.version, variant)
    parts.metrics.predicted(*names, told.decision)
    if told.kept_aside:
        parts.metrics.add("churn_kept_aside_total")
    elif told.decision == CALL:
        worth = parts.metrics.worth(*names, model.costs)
        worth.add(1, told.probability, told.expected_profit)
    parts.watch.count(variant, failed=False, microseconds=microseconds)
    if shadow is not None:
        parts.shadow.offer((entry, shadow, one.values))


def note_many(
    parts: Parts, asked: Asked, many: Many, endpoint: str, key_hash: str
) -> None:
    """Tell of the answers to several customers."""
    microseconds = int((time.perf_counter() - asked.start) * 1e6)
    for group in many.groups:
        side, lines, request, found, *_ = group
        told, model = found.told, side.model
        if group.failed or endpoint != EXPLAIN:  # reasons take their own time
            _watched(parts, group)
        _counted(parts, group)
        parts.journal.add_batch(
            BatchEntry(
                request_id=asked.request_id,
                time_ns=time.time_ns(),
                endpoint=endpoint,
                customer_ids=request.ids,
                columns=request.columns,
                probability=np.array([one.probability for one in told]),
                decision=[one.decision for one in told],
                threshold=np.array([one.threshold for one in told]),
                model_version=model.version,
                artifact_sha256=model.digest,
                variant=side.variant,
                key_hash=key_hash,
                microseconds=microseconds,
                lines=None if len(many.groups) == 1 else lines,
                value=model.values(request),
                campaign=asked.campaign,
                kept_aside=[one.kept_aside for one in told],
            )
        )


def _counted(parts: Parts, group: Group) -> None:
    """Add the customers of a group, and what their calls are worth, to the metrics."""
    told, model = group.found.told, group.side.model
    names = (model.dataset, model.version, group.side.variant)
    parts.metrics.warned(group.found.warnings)
    for decision, n in Counter(one.decision for one in told).items():
        parts.metrics.predicted(*names, decision, n)
    aside = sum(one.kept_aside for one in told)
    if aside:
        parts.metrics.add("churn_kept_aside_total", aside)
    calls = [one for one in told if one.decision == CALL and not one.kept_aside]
    parts.metrics.worth(*names, model.costs).add(
        len(calls),
        sum(one.probability for one in calls),
        sum(one.expected_profit for one in calls),
    )


def _watched(parts: Parts, group: Group) -> None:
    """Tell the canary: a batch is one answer of each model."""
    if group.failed:
        parts.watch.count(group.failed, failed=True, microseconds=0)
        return
    taken = batch_microseconds(group.microseconds, len(group.lines))
    parts.watch.count(group.side.variant, failed=False, microseconds=taken)


def _entry(
    asked: Asked, one: One, endpoint: str, key_hash: str, microseconds: int
) -> Entry:
    told, model = one.told, one.side.model
    return Entry(
        asked.request_id,
        time.time_ns(),
        endpoint,
        told.customer_id,
        asked.body,
        told.probability,
        told.decision,
        told.threshold,
        model.version,
        model.digest,
        one.side.variant,
        key_hash,
        microseconds,
        model.value(one.values),
        asked.campaign,
        told.kept_aside,
    )
