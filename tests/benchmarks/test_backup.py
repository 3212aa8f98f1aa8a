"""The log whose backup is measured holds as many predictions as are told."""

import sqlite3
from contextlib import closing

from benchmarks.backup import write_log


def test_the_log_holds_as_many_predictions_as_asked_for(tmp_path):
    file = tmp_path / "telco" / "journal.db"
    write_log(file, 20_000)
    with closing(sqlite3.connect(file)) as log:
        counted = log.execute(
            "SELECT endpoint, count(*) FROM predictions GROUP BY 1"
        ).fetchall()
    assert dict(counted) == {"/predict": 10_000, "/predict_batch": 10_000}
