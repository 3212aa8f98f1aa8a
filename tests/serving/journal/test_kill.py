"""What was answered more than a second ago survives kill -9."""

from __future__ import annotations

from churn_pipeline.serving.journal.database import connect
from tests.serving.journal.kills import kill_while_logging, logged


def test_nothing_older_than_a_second_is_lost_when_workers_are_killed(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    safe: dict[str, int] = {}
    for time in range(2):
        safe |= kill_while_logging(url, f"kill{time}", processes=2)
        database = connect(url)
        assert database.run("PRAGMA integrity_check") == [("ok",)]
        found = logged(database, safe)
        database.close()
        assert min(safe.values()) > 0
        assert (found.missing(safe), found.with_holes()) == ({}, [])
        assert (found.predictions, found.orphans) == (found.expected, 0)
