"""What docs/prediction-log.md shows runs."""

from __future__ import annotations

import re

from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.feedback import Feedback
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.store import Store
from churn_pipeline.serving.journal.truth import read_truths
from tests.conftest import ROOT
from tests.serving.journal.made import batch, entry

TEXT = (ROOT / "docs" / "prediction-log.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_queries_of_the_page_find_something(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    store = Store(connect(url), Pseudonyms())
    told = entry("4f9c0d7e", customer_id="7590-VHVEG", campaign="spring")
    store.write([told, batch("b", ["x"])], "1")
    feedback = Feedback(url)
    (labels,) = blocks("json")
    for body in (labels, '{"request_id": "4f9c0d7e", "churned": false}'):
        feedback.add(read_truths(body.encode()), key_hash="k")
    feedback.close()
    queries = blocks("sql")
    found = [store.database.run(query) for query in queries]
    assert [len(rows) for rows in found] == [1, 1, 1, 2, 1]
    assert found[0] == [("2026-01-01", "champion", 2, 0.5, (0.1 + 0.2) / 2)]
    assert found[2] == [("spring", 0, 1, 1)]


def test_what_a_shadow_said_counts_nobody_twice(tmp_path) -> None:
    store = Store(connect(f"sqlite:///{tmp_path / 'journal.db'}"), Pseudonyms())
    sides = [
        entry("4f9c0d7e", campaign="spring", variant=v) for v in ("champion", "shadow")
    ]
    store.write(sides, "1")
    assert store.database.run(blocks("sql")[2]) == [("spring", 0, 1, 1)]
