"""A request is written once and answered by the next model."""

import datetime as dt

import pytest

from churn_pipeline.monitoring.requests import Request, ask, open_since, requests

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ASKED = Request(id="a-1", reason="new tariff", who="Ada", time=NOON)


def test_a_request_is_written_once(tmp_path):
    path = tmp_path / "service/requests.jsonl"
    assert ask(path, ASKED)
    assert not ask(path, ASKED.model_copy(update={"reason": "again"}))
    assert requests(path) == (ASKED,)


def test_no_file_is_no_request(tmp_path):
    assert requests(tmp_path / "none.jsonl") == ()


def test_a_line_that_a_crash_tore_is_no_request_and_hinders_none(tmp_path):
    path = tmp_path / "requests.jsonl"
    ask(path, ASKED)
    with path.open("a") as file:
        file.write('{"id":"a-2","rea')
    later = ASKED.model_copy(update={"id": "a-3"})
    assert ask(path, later)
    assert requests(path) == (ASKED, later)


def test_another_line_is_refused_with_its_number(tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_text('{"name": "x"}\n')
    with pytest.raises(ValueError, match=r"line 1 of .*requests\.jsonl"):
        requests(path)


def test_a_request_is_open_until_a_model_is_made_after_it():
    hour = dt.timedelta(hours=1)
    assert open_since([ASKED], None) == (ASKED,)
    assert open_since([ASKED], NOON - hour) == (ASKED,)
    assert open_since([ASKED], NOON + hour) == ()
