"""Rules over facts become notices that are told once."""

from __future__ import annotations

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import ValidationError

from churn_pipeline.monitoring.alerts.book import news, standing, write
from churn_pipeline.monitoring.alerts.rules import Rule, Severity, alerts_of
from churn_pipeline.monitoring.alerts.sinks import message, send

NOW = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def rule(**given):
    whole = {
        "fact": "drift.confirmed",
        "above": 0,
        "severity": "warning",
        "title": "{value} columns drifted, more than {limit}",
        "runbook": "drift",
    }
    return Rule.model_validate({**whole, **given})


def alerts(facts, **given):
    return alerts_of(facts, {"drift": rule(**given)}, report="drift_report.html")


@pytest.mark.parametrize(
    ("facts", "given", "title"),
    [
        ({"drift.confirmed": 2}, {}, "2 columns drifted, more than 0"),
        ({"drift.confirmed": 0}, {}, None),
        ({"drift.confirmed": 1}, {"above": None, "below": 0.5}, None),
        ({"drift.confirmed": 0}, {"above": None, "below": 0.5, "title": "x"}, "x"),
        ({"drift.confirmed": True}, {"above": None, "equals": ["true"]}, "True"),
        ({"drift.confirmed": "retrain"}, {"above": None, "equals": ["nothing"]}, None),
        ({}, {}, "drift.confirmed is not known"),
        ({"drift.confirmed": float("nan")}, {}, "drift.confirmed is not known"),
        ({}, {"required": False}, None),
    ],
)
def test_a_rule_tells_what_holds_and_what_is_not_known(facts, given, title):
    found = [alert.title for alert in alerts(facts, **given)]
    assert (title is None and not found) or title in found[0]


def test_a_rule_has_one_condition():
    with pytest.raises(ValidationError, match="one of above, below and equals"):
        rule(below=1)


def test_a_text_cannot_be_compared():
    with pytest.raises(ValueError, match=r"expected a number for the fact drift\.con"):
        alerts({"drift.confirmed": "two"})


def test_the_most_urgent_comes_first():
    rules = {
        str(severity): rule(severity=severity)
        for severity in (Severity.INFO, Severity.CRITICAL, Severity.WARNING)
    }
    found = alerts_of({"drift.confirmed": 1}, rules, report="")
    assert [alert.key for alert in found] == ["critical", "warning", "info"]


def kinds(told):
    return [notice.kind for notice in told]


def test_what_stands_is_told_once_then_now_and_then_and_when_it_is_over(tmp_path):
    book = tmp_path / "alerts.jsonl"
    found = alerts({"drift.confirmed": 2})
    seen = []
    for hours in (0, 12, 30, 31):
        told = news(found, standing(book), NOW + dt.timedelta(hours=hours), DAY)
        write(book, told)
        seen.append(kinds(told))
    assert seen == [["raised"], [], ["repeated"], []]
    over = news([], standing(book), NOW + 2 * DAY, DAY)
    write(book, over)
    assert (kinds(over), over[0].since) == (["resolved"], NOW)
    assert standing(book) == {}
    assert news([], standing(book), NOW + 3 * DAY, DAY) == []


def test_what_became_more_urgent_is_raised_anew(tmp_path):
    book = tmp_path / "alerts.jsonl"
    write(book, news(alerts({"drift.confirmed": 2}), {}, NOW, DAY))
    worse = alerts({"drift.confirmed": 2}, severity="critical")
    assert kinds(news(worse, standing(book), NOW, DAY)) == ["raised"]


def test_a_line_torn_by_a_crash_is_left_out_and_another_one_refused(tmp_path):
    book = tmp_path / "alerts.jsonl"
    write(book, news(alerts({"drift.confirmed": 2}), {}, NOW, DAY))
    whole = book.read_bytes()
    book.write_bytes(whole + b'{"time"')
    assert set(standing(book)) == {"drift"}
    write(book, news([], standing(book), NOW + DAY, DAY))
    assert standing(book) == {}
    book.write_bytes(b"{}\n" + whole)
    with pytest.raises(ValueError, match="expected a notice in line 1"):
        standing(book)


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers with the server's status."""

    def do_POST(self):
        """Take one message."""
        size = int(self.headers["Content-Length"])
        self.server.heard.append(json.loads(self.rfile.read(size)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def listener():
    server = HTTPServer(("127.0.0.1", 0), Listener)
    server.heard, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def notices(**given):
    return news(alerts({"drift.confirmed": 2}, **given), {}, NOW, DAY)


def test_a_webhook_hears_what_it_is_what_to_do_and_where_to_look(listener):
    told = send(notices(), f"json://127.0.0.1:{listener.server_port}/hook")
    assert told[0].unsent == ()
    heard = listener.heard[0]
    assert heard["title"] == "[warning] 2 columns drifted, more than 0"
    assert "docs/runbook.md#drift" in heard["message"]
    assert "drift_report.html" in heard["message"]
    assert heard["type"] == "warning"


def test_what_a_sink_does_not_take_is_told_again(listener, tmp_path):
    listener.status = 500
    where = f"json://desk:secret@127.0.0.1:{listener.server_port}/hook"
    told = send(notices(), where)
    book = tmp_path / "alerts.jsonl"
    write(book, told)
    assert told[0].unsent == ("JSON",)
    assert "secret" not in book.read_text()
    found = alerts({"drift.confirmed": 2})
    assert kinds(news(found, standing(book), NOW, DAY)) == ["repeated"]


def test_a_file_sends_by_urgency(listener, tmp_path):
    urls = tmp_path / "apprise.yml"
    url = f"json://127.0.0.1:{listener.server_port}"
    urls.write_text(f"urls:\n  - {url}/pager:\n      tag: critical\n  - {url}/mail:\n")
    assert send(notices(), str(urls))[0].unsent == ()
    assert len(listener.heard) == 1
    assert send(notices(severity="critical"), str(urls))[0].unsent == ()
    assert len(listener.heard) == 3


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("nothing://secret", "one of the scheme 'nothing' at place 1"),
        ("/no/such/secrets.yml", "in which none is found"),
    ],
)
def test_a_sink_that_is_not_known_is_refused_without_its_secrets(where, told):
    with pytest.raises(ValueError, match=told) as refused:
        send(notices(), where)
    assert "//secret" not in str(refused.value)


def test_without_a_sink_nobody_is_told():
    assert send(notices(), "") == notices()


def test_the_message_of_what_is_over_says_so():
    raised = notices()[0]
    over = raised.model_copy(update={"kind": "resolved"})
    assert message(over)[0] == "[warning] over: 2 columns drifted, more than 0"
