"""The page's endpoints: who may ask, what they tell, and what is written down."""

import csv
import io
import json
import subprocess
import sys

import pytest

from churn_pipeline.monitoring.alerts.book import Notice, write
from churn_pipeline.monitoring.alerts.rules import Alert
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.desk import page
from churn_pipeline.serving.desk.calls import Budget, ToCall, within
from churn_pipeline.serving.desk.places import Places
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.place import KEYS
from tests.factories import tiny_artifact
from tests.serving.apps import GOOD, app_of, client_of
from tests.serving.desk.files import LIST, VERSION, leave_list, leave_report

CALLS, FILE, CUSTOMER = "/desk/calls", "/desk/calls.csv", "/desk/customer"


@pytest.fixture
def app(tmp_path):
    return app_of(
        tiny_artifact(),
        CHURN_REPORT_DIR=str(tmp_path / "reports"),
        CHURN_OUTPUT_DIR=str(tmp_path / "outputs"),
    )


@pytest.fixture
def client(app):
    return client_of(app)


@pytest.fixture
def outputs(tmp_path):
    leave_list(tmp_path / "outputs" / "tiny")
    return tmp_path / "outputs" / "tiny"


def _with_role(app, client, role):
    key = add_key(app.folder / KEYS, f"some-{role}", role)
    app.parts.access.refresh()
    return {"X-API-Key": key}


def test_the_page_is_open_and_holds_no_data(client, outputs):
    del client.headers["X-API-Key"]
    page = client.get("/desk")
    assert page.status_code == 200
    assert "C-2" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    script = client.get("/desk/plots.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "uPlot" in script.text


def test_the_page_travels_packed_where_it_may(client):
    packed = client.get("/desk", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/desk", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < 15_000
    script = client.get("/desk/plots.js", headers={"Accept-Encoding": "gzip"})
    assert int(script.headers["content-length"]) < 25_000


@pytest.mark.parametrize("path", ["/desk", "/desk/plots.js"])
def test_files_of_the_page_are_read_once(client, monkeypatch, tmp_path, path):
    first = client.get(path, headers={"Accept-Encoding": "identity"})
    monkeypatch.setattr(page, "_HERE", tmp_path)  # nothing to read there
    for encoding in ("identity", "gzip"):
        again = client.get(path, headers={"Accept-Encoding": encoding})
        assert again.status_code == 200
        assert again.content == first.content


@pytest.mark.parametrize("path", ["/desk/running", CALLS, FILE, CUSTOMER])
def test_data_need_a_key(client, path):
    del client.headers["X-API-Key"]
    method = "POST" if path == CUSTOMER else "GET"
    assert client.request(method, path).status_code == 401


def test_who_runs_the_system_sees_no_customers(app, client, outputs):
    operate = _with_role(app, client, Role.OPERATE)
    assert client.get("/desk/running", headers=operate).json()["customers"] is False
    assert client.get("/desk/running").json()["customers"] is True
    for path in (CALLS, FILE):
        assert client.get(path, headers=operate).status_code == 403
    asked = client.post(CUSTOMER, json={"customer_id": "C-2"}, headers=operate)
    assert asked.status_code == 403


def test_the_desk_may_look_and_not_ask_the_model(app, client, outputs):
    desk = _with_role(app, client, Role.DESK)
    for path in ("/desk/running", CALLS, FILE):
        assert client.get(path, headers=desk).status_code == 200
    assert client.post("/predict", json=GOOD, headers=desk).status_code == 403
    assert client.get("/metrics", headers=desk).status_code == 403


def test_the_newest_list_is_told_with_reasons_and_worth(client, outputs):
    leave_list(outputs, "2026-01-01T06.00.00.000Z", LIST.head(1))
    told = client.get(CALLS).json()
    assert (told["written"], told["currency"]) == (VERSION, "EUR")
    assert (told["listed"], told["kept_aside"], told["taken"]) == (3, 1, 3)
    assert (told["expected_profit"], told["expected_spend"]) == (60.5, 36.0)
    assert told["rows"][0] == {
        "rank": 1,
        "customer_id": "C-2",
        "churn_probability": 0.9,
        "expected_profit": 30.0,
        "expected_spend": 10.0,
        "certainty": "leaves",
        "reasons": ["Plan: basic (typically plus)", "Months: 3 (typically 20)"],
        "about": {"region": "north"},
    }


@pytest.mark.parametrize(
    ("budget", "taken"),
    [("", 3), ("calls=2", 2), ("money=22", 2), ("money=21.9", 1), ("calls=0", 0)],
)
def test_a_budget_cuts_the_list(client, outputs, budget, taken):
    told = client.get(f"{CALLS}?{budget}").json()
    assert told["taken"] == len(told["rows"]) == taken
    lines = client.get(f"{FILE}?{budget}").text.splitlines()
    assert len(lines) == 1 + taken


def test_money_that_is_enough_to_the_cent_is_enough():
    rows = [
        ToCall(
            rank=rank,
            customer_id=f"C-{rank}",
            churn_probability=0.5,
            expected_profit=9.0,
            expected_spend=1.1,
            certainty="leaves",
            reasons=[],
            about={},
        )
        for rank in range(1, 5)
    ]
    assert 1.1 + 1.1 + 1.1 > 3.3
    assert len(within(rows, Budget(money=3.3))) == 3
    assert len(within(rows, Budget(money=3.29))) == 2


@pytest.mark.parametrize(
    "budget", ["calls=1.5", "calls=-1", "money=nan", "money=much", "limit=3"]
)
def test_a_budget_that_is_none_is_refused(client, outputs, budget):
    refused = client.get(f"{CALLS}?{budget}")
    assert refused.status_code == 422
    assert "expected" in refused.json()["message"]


def test_the_file_is_safe_to_open_in_a_spreadsheet(client, outputs):
    answer = client.get(FILE)
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == [
        *("Rank", "Customer", "Risk of leaving", "Call is expected to earn (EUR)"),
        *("and to cost (EUR)", "How sure", "Why", "region"),
    ]
    assert rows[1][:3] == ["1", "C-2", "90%"]
    assert rows[1][5] == "expected to leave"
    assert rows[2][1] == "'=cmd|'/c calc'!A0"
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_without_a_list_that_is_said(client):
    told = client.get(CALLS).json()
    assert (told["written"], told["rows"]) == ("", [])
    running = client.get("/desk/running").json()
    listed = "Nothing yet: `kedro run --pipelines scoring --env tiny`"
    assert running["calls"]["absent"] == listed
    watched = "Nothing yet: `kedro run --pipelines monitoring --env tiny`"
    assert running["drift"]["absent"] == watched
    assert "--percentage 5 --env tiny` begins one" in running["no_experiment"]


def test_reports_are_told_and_a_broken_one_says_so(client, tmp_path):
    reports = tmp_path / "reports" / "tiny"
    leave_report(reports, "drift_verdict.json", {"verdict": "old"}, "2025")
    leave_report(reports, "drift_verdict.json", {"verdict": "drift"})
    leave_report(reports, "performance_report.json", [1])
    told = client.get("/desk/running").json()
    assert told["drift"] == {"verdict": "drift", "written": VERSION}
    assert "expected a report in" in told["performance"]["absent"]
    assert told["release"]["version"] == tiny_artifact().manifest.version


def test_alerts_that_stand_are_told(app, client):
    alert = Alert(
        key="fell", severity="warning", title="worse", runbook="fell", report="r"
    )
    raised = Notice(
        time="2026-02-01T00:00:00Z",
        kind="raised",
        alert=alert,
        since="2026-02-01T00:00:00Z",
    )
    write(app.folder / "alerts.jsonl", [raised])
    (told,) = client.get("/desk/running").json()["alerts"]["told"]
    assert (told["alert"]["title"], told["alert"]["severity"]) == ("worse", "warning")
    write(app.folder / "alerts.jsonl", [raised.model_copy(update={"kind": "resolved"})])
    assert client.get("/desk/running").json()["alerts"]["told"] == []


def test_traffic_counts_predictions_and_not_the_page(client):
    before = client.get("/desk/running").json()["traffic"]["endpoints"]
    assert before == {}
    client.post("/predict", json=GOOD)
    client.post("/predict", json={})
    found = client.get("/desk/running").json()["traffic"]
    assert list(found["endpoints"]) == ["/predict"]
    asked = found["endpoints"]["/predict"]
    assert (asked["requests"], asked["failed"], asked["buckets"][-1]) == (2, 0, 2)
    assert len(asked["buckets"]) == len(found["bounds"]) + 1
    assert sum(found["decisions"].values()) == 1


def test_the_headline_latency_is_that_of_predictions(client):
    client.post("/predict", json=GOOD)
    client.post("/predict_batch", json=[GOOD, GOOD])
    client.get("/docs")
    found = client.get("/desk/running").json()["traffic"]
    assert found["endpoints"]["/docs"]["requests"] == 1
    assert found["predicted"][-1] == 2
    assert len(found["predicted"]) == len(found["bounds"]) + 1


def test_a_customers_history_has_answers_labels_and_calls(app, client, outputs):
    answered = client.post("/predict", json={**GOOD, "customer_id": "C-2"}).json()
    client.post("/predict", json={**GOOD, "customer_id": "C-3"})
    app.parts.journal.flush()
    by_request = {"request_id": answered["request_id"], "churned": True}
    by_day = {"customer_id": "C-2", "observation_date": "2026-02-01", "churned": False}
    client.post("/feedback", json=[by_day, by_request])
    told = client.post(CUSTOMER, json={"customer_id": "C-2"}).json()
    (said,) = told["answers"]
    assert said["probability"] == answered["churn_probability"]
    assert said["request_id"] == answered["request_id"]
    assert [label["churned"] for label in told["labels"]] == [True, False]
    assert told["labels"][1]["observation_date"] == "2026-02-01"
    assert told["today"]["rank"] == 1
    assert told["lists"] == [
        {
            "written": VERSION,
            "observation_date": "2026-02-01",
            "campaign": "spring",
            "arm": "call",
            "rank": 1,
            "churn_probability": 0.9,
            "expected_profit": 30.0,
        }
    ]


def test_who_is_kept_aside_is_told_as_such(client, outputs):
    told = client.post(CUSTOMER, json={"customer_id": "C-9"}).json()
    assert told["today"] is None
    assert [(one["arm"], one["rank"]) for one in told["lists"]] == [("control", None)]


def test_a_stranger_has_no_history(client, outputs):
    told = client.post(CUSTOMER, json={"customer_id": "nobody"}).json()
    assert told == {
        "customer_id": "nobody",
        "today": None,
        "answers": [],
        "labels": [],
        "lists": [],
    }


def test_under_pseudonyms_a_customer_is_found_by_the_name_that_people_know(
    tmp_path, outputs
):
    app = app_of(tiny_artifact(), CHURN_PSEUDONYM_KEY="0123456789abcdef")
    client = client_of(app)
    client.post("/predict", json={**GOOD, "customer_id": "C-2"})
    app.parts.journal.flush()
    told = client.post(CUSTOMER, json={"customer_id": "C-2"}).json()
    assert len(told["answers"]) == 1


@pytest.mark.parametrize("body", [{}, {"customer_id": ""}, {"customer_id": "\0"}, []])
def test_a_customer_that_is_none_is_refused(client, body):
    assert client.post(CUSTOMER, json=body).status_code == 422


def test_who_looks_at_customers_is_written_down_without_their_name(
    app, client, outputs
):
    client.post(CUSTOMER, json={"customer_id": "C-2"})
    client.get(FILE)
    lines = (app.folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    viewed, exported = told[-2:]
    assert (viewed["kind"], exported["kind"]) == ("customer_viewed", "calls_exported")
    assert viewed["name"] == "tests"
    assert "C-2" not in "".join(lines)
    assert VERSION in exported["reason"]


def test_what_cannot_be_written_down_is_not_shown(app, client, outputs, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(app.parts.access.audit, "write", full)
    assert client.post(CUSTOMER, json={"customer_id": "C-2"}).status_code == 500
    assert client.get(FILE).status_code == 500


def test_a_link_of_the_runbook_is_one_of_the_web(tmp_path):
    with pytest.raises(ValueError, match="begin with https://, got 'javascript"):
        Places.of(
            "tiny",
            tmp_path,
            "sqlite://",
            Pseudonyms(),
            {"CHURN_RUNBOOK_URL": "javascript:alert(1)"},
        )


def test_what_the_page_asks_for_imports_no_heavy_package(tmp_path):
    leave_list(tmp_path / "tiny")
    asked = f"""
import sys
from pathlib import Path
from churn_pipeline.serving.desk import page
from churn_pipeline.serving.desk.calls import Budget, calls_as_csv, read_calls
from churn_pipeline.serving.desk.customer import show_customer
from churn_pipeline.serving.desk.places import Places
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
at = Path({str(tmp_path)!r})
url = f"sqlite:///{{at}}/journal.db"
places = Places.of("tiny", at, url, Pseudonyms(), {{"CHURN_OUTPUT_DIR": str(at)}})
assert len(calls_as_csv(read_calls(places), Budget())) > 100
assert len(show_customer(places, "C-9").lists) == 1
print([name for name in ("torch", "pandas", "sklearn", "kedro") if name in sys.modules])
"""
    ran = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
