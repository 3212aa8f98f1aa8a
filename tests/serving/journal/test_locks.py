"""A process with two connections to the journal keeps its log beside others."""

import sqlite3
import subprocess
import sys

import pytest

from churn_pipeline.serving.journal import erase
from churn_pipeline.serving.journal.database import SQLite

COUNT = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM t").fetchone()[0])
"""


def count(path):
    """Return how many rows another process sees, which opens and closes the file."""
    asked = [sys.executable, "-c", COUNT, str(path)]
    return int(subprocess.run(asked, capture_output=True, check=True).stdout)


def second_connection(first):
    return SQLite(first.path, 1)


def look_for_traces(first):
    return erase._traces(first, {b"a customer"})


@pytest.mark.parametrize("meanwhile", [second_connection, look_for_traces])
def test_another_process_does_not_take_the_log_away(tmp_path, meanwhile):
    first = SQLite(tmp_path / "journal.db", 1)
    first.run("CREATE TABLE t (x)")
    first.run("INSERT INTO t VALUES (1)")
    kept = meanwhile(first)
    assert count(first.path) == 1
    first.run("INSERT INTO t VALUES (2)")
    assert count(first.path) == 2
    assert sqlite3.connect(first.path).execute("SELECT x FROM t").fetchall()
    del kept
