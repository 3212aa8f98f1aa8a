"""Entries as the service hands them over."""

from __future__ import annotations

from typing import Any

import numpy as np

from churn_pipeline.serving.journal.entry import BatchEntry, Entry

DAY_NS = 86_400 * 10**9
NOON = 1_767_268_800 * 10**9
"""2026-01-01, 12:00 UTC."""
ABOUT: dict[str, Any] = {
    "model_version": "2026-01-01T00.00.00.000Z",
    "artifact_sha256": "a" * 64,
    "variant": "champion",
    "key_hash": "0123456789abcdef",
    "microseconds": 90,
}
INPUTS = b'{"tenure_months":3.0,"monthly_charge":20.5,"plan":"basic"}'


def entry(request_id: str, **fields: Any) -> Entry:
    """An answer to one customer."""
    known = {
        "request_id": request_id,
        "time_ns": NOON,
        "endpoint": "/predict",
        "customer_id": "customer-17",
        "inputs": INPUTS,
        "probability": 0.1 + 0.2,  # no short decimal
        "decision": "call",
        "threshold": 0.25,
        **ABOUT,
    }
    return Entry(**(known | fields))


def batch(request_id: str, ids: list[Any], **fields: Any) -> BatchEntry:
    """An answer to several customers."""
    n = len(ids)
    columns = {
        "tenure_months": [float(i) for i in range(n)],
        "monthly_charge": [None if i == 1 else i + 0.1 for i in range(n)],
        "plan": [None if i == 1 else "basic" for i in range(n)],
    }
    known = {
        "request_id": request_id,
        "time_ns": NOON,
        "endpoint": "/predict_batch",
        "customer_ids": ids,
        "columns": columns,
        "probability": np.arange(n) / 7,
        "decision": ["no_call"] * n,
        "threshold": np.full(n, 0.25),
        **ABOUT,
    }
    return BatchEntry(**(known | fields))
