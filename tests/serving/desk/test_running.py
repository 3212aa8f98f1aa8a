"""How the system runs: reports, alerts, traffic."""

from churn_pipeline.monitoring.alerts.book import Notice, write
from churn_pipeline.monitoring.alerts.rules import Alert
from churn_pipeline.serving.refreshing import refresh
from tests.factories import tiny_artifact
from tests.serving.apps import GOOD
from tests.serving.desk.files import VERSION, leave_campaign, leave_report


def test_reports_are_told_and_a_broken_one_says_so(client, tmp_path):
    reports = tmp_path / "reports" / "tiny"
    leave_report(reports, "drift_verdict.json", {"verdict": "old"}, "2025")
    leave_report(reports, "drift_verdict.json", {"verdict": "drift"})
    leave_report(reports, "performance_report.json", [1])
    told = client.get("/desk/running").json()
    assert told["drift"] == {"verdict": "drift", "written": VERSION}
    assert "expected a report in" in told["performance"]["absent"]
    assert told["release"]["version"] == tiny_artifact().manifest.version


def test_the_campaign_that_the_service_draws_by_is_told(app, client, tmp_path):
    assert client.get("/desk/running").json()["campaign"] == {}
    leave_campaign(tmp_path / "outputs" / "tiny", "spring", 0.1)
    refresh(app.parts)
    told = client.get("/desk/running").json()["campaign"]
    assert told == {"name": "spring", "control_share": 0.1}


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
