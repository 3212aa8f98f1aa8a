"""Requests answered: at once for one customer, in the thread for many; all is noted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from churn_pipeline.serving.answering import Asked, Many, One, answer_many, answer_one
from churn_pipeline.serving.logbook import note_one
from churn_pipeline.serving.parts import Parts

T = TypeVar("T")
JOURNAL_SECONDS = 2.0
"""How long a batch waits for the journal to have room."""

logger = logging.getLogger(__name__)


def answered_one(parts: Parts, asked: Asked, endpoint: str, key_hash: str) -> One:
    """Return the answer to one customer, noted; the champion's where another fails.

    Raises:
        Refusal: The body breaks the contract.
    """
    values = asked.reader.one(asked.body)
    side = asked.router.side(values)
    try:
        one = answer_one(asked, values, side)
    except Exception:
        instead = asked.router.instead_of(side)
        if instead is None:
            raise
        logger.exception("model %s failed, the champion answers", side.model.version)
        parts.watch.count(side.variant, failed=True, microseconds=0)
        one = answer_one(asked, values, instead)
    note_one(parts, asked, one, endpoint, key_hash)
    return one


def listed(parts: Parts, asked: Asked) -> Many:
    """Answer a batch, once the journal has room: batches come faster than it writes.

    Raises:
        Refusal: The body breaks the contract.
    """
    parts.journal.wait_for_room(JOURNAL_SECONDS)
    return answer_many(asked)


async def in_thread(parts: Parts, work: Callable[[], T]) -> T:
    """Do what takes long in the thread, where there is room.

    Raises:
        Refusal: There is none.
    """
    parts.gate.enter_batch()
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(parts.thread, work)
    finally:
        parts.gate.leave_batch()


async def with_labels(parts: Parts, work: Callable[[], T]) -> T:
    """Do what waits for the database of labels, in a thread that nothing else needs.

    Raises:
        Refusal: Too much waits for it already.
    """
    parts.gate.enter_labels()
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(parts.label_thread, work)
    finally:
        parts.gate.leave_labels()
