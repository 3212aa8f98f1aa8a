"""One entry of the catalog reads the history, another adds to it."""

from churn_pipeline.io.history import WatchHistory

WATCH = {"date": "2026-01-01", "model_version": "v1"}


def test_what_one_entry_adds_the_other_reads(tmp_path):
    path = str(tmp_path / "reports" / "watch_history.jsonl")
    reads, adds = WatchHistory(path=path), WatchHistory(path=path)
    assert (reads.load(), reads.exists()) == ([], False)
    adds.save([WATCH])
    adds.save([])
    (watch,) = reads.load()
    assert WATCH.items() <= watch.items()
    assert reads.exists()
