"""A body of `/feedback` costs no more than labels do, whatever is in it."""

import json

import pytest

from churn_pipeline.serving.journal.truth import MAX_LABELS, read_truths
from churn_pipeline.serving.refusal import MAX_ERRORS, Refusal

LABEL = {"request_id": "a", "churned": True}


def _refused(body):
    with pytest.raises(Refusal) as caught:
        read_truths(body if isinstance(body, bytes) else json.dumps(body).encode())
    return caught.value


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b'{"request_id":"a","churned":true},' * 2, 400, "invalid_json"),
        (b'{"request_id":"a","churned":true},{}', 400, "invalid_json"),
        (b"1],[1", 400, "invalid_json"),
        (b"[]", 422, "no_rows"),
        (b"null", 422, "invalid_value"),
        (b"[[[]]]", 422, "invalid_value"),
        ([LABEL] * (MAX_LABELS + 1), 413, "too_many_rows"),
        (b"[" + b"1," * 400_000 + b"1]", 413, "too_many_values"),
        (LABEL | {"request_id": "a\0"}, 422, "invalid_value"),
        (LABEL | {"known": "0001-01-01T00:00:00+14:00"}, 422, "invalid_value"),
        (
            {"customer_id": 2**63, "observation_date": "2026-01-01", "churned": True},
            422,
            "invalid_value",
        ),
        (LABEL | {"known": -1}, 422, "invalid_value"),
        (LABEL | {"known": 1e300}, 422, "invalid_value"),
    ],
)
def test_what_is_no_label_is_refused(body, status, code):
    refused = _refused(body)
    assert (refused.status, refused.problems[0].code) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        [1] * MAX_LABELS,
        [LABEL | {f"x{i}": i for i in range(50_000)}],
        [{f"x{i}": i for i in range(9)}] * MAX_LABELS,
    ],
)
def test_of_many_problems_few_are_looked_for(body, monkeypatch):
    looked = []
    monkeypatch.setattr(
        "churn_pipeline.serving.journal.truth.shown",
        lambda value: looked.append(value) or "",
    )
    assert len(_refused(body).problems) == MAX_ERRORS
    assert len(looked) < 3 * MAX_ERRORS


def test_a_label_alone_is_a_list_of_one():
    assert read_truths(json.dumps(LABEL).encode()) == read_truths(
        json.dumps([LABEL]).encode()
    )
