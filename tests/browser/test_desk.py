"""The page for people, in a browser: on a phone and on a desk, its policy holding."""

import csv
import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from churn_pipeline.monitoring.alerts.book import Notice, write
from churn_pipeline.monitoring.alerts.rules import Alert
from churn_pipeline.monitoring.verdict import NOTHING_NEWER
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.control_group import Campaign, ControlGroup
from churn_pipeline.serving.place import KEYS
from tests.factories import tiny_artifact
from tests.monitoring.verdicts import QUIET, drifted, performance
from tests.serving.apps import GOOD, app_of, client_of, two_models
from tests.serving.desk.files import leave_campaign, leave_list, leave_report

ROC_AUC = {"value": 0.8, "low": 0.75, "high": 0.85}
ORDER = {
    "share": [0.0, 0.5, 1.0],
    "profit": [
        dict.fromkeys(("value", "low", "high"), 0.0),
        {"value": 6.0, "low": 4.5, "high": 7.5},
        {"value": 7.2, "low": 4.8, "high": 9.6},
    ],
}
UNSEEN = ("One.", "Two.")
COHORTS = [
    {"month": f"2026-0{month}-01", "estimated": {"roc_auc": ROC_AUC}, "realised": known}
    for month, known in ((1, {"roc_auc": ROC_AUC}), (2, {}), (3, {}))
]
REPORT = {
    "cohorts": COHORTS,
    "degraded": False,
    "realised": None,
    "reasons": [],
    "rows": 9,
    "matured": 3,
}


@contextmanager
def _running(app):
    """Yield the address of a service."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


@pytest.fixture
def served(tmp_path):
    """Yield a service with a list, a report and an answer; its address and keys."""
    app = app_of(
        tiny_artifact(),
        CHURN_REPORT_DIR=str(tmp_path / "reports"),
        CHURN_OUTPUT_DIR=str(tmp_path / "outputs"),
    )
    leave_list(tmp_path / "outputs" / "tiny")
    leave_campaign(tmp_path / "outputs" / "tiny", "fall", 0.5)
    app.parts.control.refresh()
    leave_report(tmp_path / "reports" / "tiny", "performance_report.json", REPORT)
    client_of(app).post("/predict", json={**GOOD, "customer_id": "C-2"})
    app.parts.journal.flush()
    keys = {
        role: add_key(app.folder / KEYS, role, role)
        for role in (Role.DESK, Role.OPERATE)
    }
    app.parts.access.refresh()
    with _running(app) as address:
        yield address, keys


@pytest.fixture
def troubled(tmp_path):
    """Yield the address of a service where everything has something to tell."""
    store = two_models(tmp_path)
    app = app_of(store.champion(), store, CHURN_REPORT_DIR=str(tmp_path / "reports"))
    reports = tmp_path / "reports" / "tiny"
    decision = {"action": "retrain", "reasons": [{"text": "an old model"}]}
    campaign = {
        **dict.fromkeys(("since", "until"), "2026-01-01"),
        **{"campaign": "spring", "in_words": ["sleeping dogs: in plan basic"]},
        "order": ORDER,
    }
    for name, told in (
        ("drift_verdict.json", drifted("charge", cost=1.25).model_dump(mode="json")),
        ("performance_report.json", performance("roc_auc").model_dump(mode="json")),
        ("retraining_decision.json", decision),
        ("call_effect.json", {"campaigns": [campaign], "currency": "EUR"}),
    ):
        leave_report(reports, name, told)
    alert = Alert(
        key="fell", severity="critical", title="it fell", runbook="fell", report="r"
    )
    moment = "2026-02-01T00:00:00Z"
    write(
        app.folder / "alerts.jsonl",
        [Notice(time=moment, kind="raised", alert=alert, since=moment)],
    )
    body = {"version": 0, "why": "try", "challenger": "v2", "percentage": 5}
    assert client_of(app).put("/rollout", json=body).status_code == 200
    (tmp_path / "models" / "ledger.jsonl").unlink()
    with _running(app) as address:
        yield address, app.key


@pytest.fixture
def said(page):
    """Return what the browser complains of, and the addresses that it asks."""
    told, asked = [], []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield told, asked
    page.goto("about:blank")


def _open(page, address, key):
    page.goto(f"{address}desk")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    page.locator("#key").fill(key)
    page.locator("#enter button").click()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_desk_sees_whom_to_call_and_looks_a_customer_up(page, served, said, width):
    address, keys = served
    told, asked = said
    page.set_viewport_size({"width": width, "height": 900})
    _open(page, address, keys[Role.DESK])
    first = page.locator("#calls-list > li").first
    first.wait_for()
    assert "C-2" in first.inner_text()
    assert "EUR 30.00" in first.inner_text()
    assert "Months: 3 (typically 20)" in first.inner_text()
    # What a table holds is text on the page, whatever it looks like.
    assert page.locator("#calls-list").get_by_text("<b>C-3</b>").is_visible()
    page.locator("#budget-calls").fill("1")
    page.locator("#budget button").first.click()
    page.get_by_text("1 of 3 calls").wait_for()
    with page.expect_download() as begun:
        page.locator("#download").click()
    with begun.value.path().open(encoding="utf-8-sig", newline="") as file:
        assert [row[1] for row in csv.reader(file)] == ["Customer", "C-2"]
    first.get_by_role("button").click()
    page.locator("#history").get_by_text("What became true").wait_for()
    assert "spring" in page.locator("#history").inner_text()
    page.locator("#plot-performance canvas").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert told == []
    assert all(url.startswith((address, "blob:", "data:")) for url in asked)
    assert not any(keys[Role.DESK] in url or "C-2" in url for url in asked)


def test_the_page_says_who_is_kept_aside_now_not_of_which_list_they_were(
    page, served, said
):
    address, keys = served
    told, _ = said
    _open(page, address, keys[Role.DESK])
    page.get_by_text(
        "keeps 50.0 % of all customers aside, by the campaign fall"
    ).wait_for()
    history, aside = page.locator("#history"), "control group of the campaign fall"
    drawn = ControlGroup(Campaign("fall", 0.5))
    for name in ("C-9", "unlisted-0", "unlisted-1", "unlisted-2"):
        page.locator("#customer-id").fill(name)
        page.locator("#find button").click()
        history.get_by_text("What became true").wait_for()
        text = history.inner_text()
        assert (aside in text) == drawn.has(name)
        assert "Of the last 1 lists of calls" in text
        assert ("On none of them." in text) == (name != "C-9")
    assert told == []


HOLDS = """() => {
  const ask = window.fetch;
  const held = new Promise((go) => { window.letGo = go; });
  window.fetch = async (path, given) => {
    const answer = await ask(path, given);
    if (given.body?.includes("C-9")) await held;
    return answer;
  };
}"""
"""Keeps the answer about C-9 back until `letGo` is called."""


def test_a_late_answer_shows_nobody_under_another_name(page, served, said):
    address, keys = served
    _open(page, address, keys[Role.DESK])
    page.locator("#calls-list > li").first.wait_for()
    page.evaluate(HOLDS)
    for name in ("C-9", "C-2"):
        page.locator("#customer-id").fill(name)
        page.locator("#find button").click()
    history = page.locator("#history")
    history.get_by_text("What became true").wait_for()
    page.evaluate("async () => { letGo(); await new Promise((go) => setTimeout(go)); }")
    assert page.locator("#customer-id").input_value() == "C-2"
    assert "to call" in history.inner_text()
    assert "kept aside" not in history.inner_text()


def test_who_runs_the_system_sees_no_customers(page, served, said):
    address, keys = served
    told, _ = said
    _open(page, address, keys[Role.OPERATE])
    page.locator("#release").get_by_text("Champion", exact=True).wait_for()
    assert page.locator("#calls").is_hidden()
    assert page.locator("#customer").is_hidden()
    assert "Nothing yet" in page.locator("#drift").inner_text()
    assert told == []


def test_what_is_wrong_is_seen_at_once(page, troubled, said):
    address, key = troubled
    told, _ = said
    _open(page, address, key)
    page.locator("#experiment").get_by_text("not yet", exact=True).wait_for()
    for card, text in {
        "alerts": "it fell",
        "tiles": "alert stands",
        "decision": "an old model",
        "drift": "1.250",
        "performance": "worse",
        "release": "the last ones were removed",
        "experiment": "v2, 5.00 % of customers",
        "effect": "sleeping dogs: in plan basic",
        "calls": "Nothing yet",
    }.items():
        assert text in page.locator(f"#{card}").inner_text(), card
    shares = "v2 answers 5.00 % of customers"
    assert shares in page.locator("#release").inner_text()
    assert page.locator("#effect .bad").count() == 1
    page.locator("#plot-effect canvas").wait_for()
    assert "called from the top" in page.locator("#plot-effect").inner_text()
    assert page.locator("#alerts .tag.bad").inner_text() == "critical"
    assert told == []


@pytest.fixture
def young(tmp_path):
    """Yield a service whose champion has one month behind it, and few labels."""
    app = app_of(tiny_artifact(), CHURN_REPORT_DIR=str(tmp_path / "reports"))
    reports = tmp_path / "reports" / "tiny"
    newest = QUIET.model_copy(update={"verdict": NOTHING_NEWER, "unseen": UNSEEN})
    leave_report(reports, "drift_verdict.json", newest.model_dump(mode="json"))
    leave_report(reports, "performance_report.json", REPORT | {"cohorts": COHORTS[1:2]})
    with _running(app) as address:
        yield address, app.key


def test_what_is_not_known_yet_is_not_told_as_good(page, young, said):
    address, key = young
    told, _ = said
    _open(page, address, key)
    page.locator("#plot-performance canvas").wait_for()
    drift = page.locator("#drift").inner_text()
    assert "Nothing was compared: the rows of 2026-02-01" in drift
    assert "columns" not in drift
    assert page.locator("#drift progress, #drift .good").count() == 0
    assert "labels: One. Two." in drift
    performance_card = page.locator("#performance").inner_text()
    assert "3 with a mature label, too few to judge by." in performance_card
    axis = page.evaluate("drawn.get('plot-performance').scales.x")
    assert (axis["max"] - axis["min"]) / 86_400 == 60
    assert told == []


def test_a_wrong_key_opens_nothing_and_is_not_kept(page, served, said):
    address, _ = served
    _open(page, address, "ck_wrong")
    page.locator("#refused").get_by_text("expected").wait_for()
    assert page.locator("#all").is_hidden()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_key_stays_in_the_tab_until_it_is_forgotten(page, served, said):
    address, keys = served
    _open(page, address, keys[Role.DESK])
    page.locator("#calls-list > li").first.wait_for()
    page.reload()
    page.locator("#calls-list > li").first.wait_for()
    assert page.locator("#enter").is_hidden()
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    page.locator("#leave").click()
    page.locator("#key").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
