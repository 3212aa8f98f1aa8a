"""The history keeps every watch whole, whatever is written beside or torn."""

import datetime as dt
from multiprocessing import get_context

import pytest

from churn_pipeline.monitoring.history import Moved, Watch, append, read

FIRST, SECOND = dt.date(2026, 1, 1), dt.date(2026, 2, 1)
FAR = Moved(effect=0.4, limit=0.15, drifted=True, cost=0.25)
NEAR = Moved(effect=0.1, limit=0.15, drifted=False)


def _watch(date=FIRST, **told):
    return Watch(date=date, model_version="v1", **told)


def test_no_file_is_no_watch(tmp_path):
    assert read(tmp_path / "none.jsonl") == ()


def test_watches_come_back_by_date(tmp_path):
    path = tmp_path / "company" / "watch_history.jsonl"
    later, earlier = _watch(SECOND, columns={"a": FAR}), _watch(columns={"a": NEAR})
    append(path, later)
    append(path, earlier)
    assert read(path) == (earlier, later)


def test_lines_of_one_window_are_one_watch_of_what_is_newest(tmp_path):
    path = tmp_path / "h.jsonl"
    append(path, _watch(columns={"a": NEAR}))
    append(path, _watch(estimated={"roc_auc": 0.8}))
    append(path, _watch(columns={"a": FAR}))
    (watch,) = read(path)
    assert watch == _watch(columns={"a": FAR}, estimated={"roc_auc": 0.8})


def test_a_line_torn_by_a_crash_is_dropped_and_the_next_is_whole(tmp_path):
    path = tmp_path / "h.jsonl"
    append(path, _watch())
    path.write_bytes(path.read_bytes() + b'{"date": "2026-0')
    assert read(path) == (_watch(),)
    append(path, _watch(SECOND))
    assert read(path) == (_watch(), _watch(SECOND))


def test_a_line_that_is_none_of_a_history_is_named(tmp_path):
    path = tmp_path / "h.jsonl"
    append(path, _watch())
    path.write_bytes(path.read_bytes() + b'{"date": "soon"}\n')
    with pytest.raises(ValueError, match=r"a watch in line 2 of .*h.jsonl"):
        read(path)


def _append_many(path, date):
    for _ in range(50):
        append(path, _watch(date, columns={f"column {i}": FAR for i in range(30)}))


def test_two_processes_do_not_tear_each_others_lines(tmp_path):
    path = tmp_path / "h.jsonl"
    context = get_context("fork")
    writers = [
        context.Process(target=_append_many, args=(path, date))
        for date in (FIRST, SECOND)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [watch.date for watch in read(path)] == [FIRST, SECOND]
    assert len(path.read_bytes().splitlines()) == 100
