"""What a watch found becomes facts, and the rules as written know them."""

import datetime as dt

import yaml

from churn_pipeline.monitoring.alerts.rules import alerts_of
from churn_pipeline.monitoring.alerts.tell import Alerts
from churn_pipeline.monitoring.decision import RetrainDecision
from churn_pipeline.monitoring.facts import facts_of
from churn_pipeline.monitoring.reasons import Action
from churn_pipeline.monitoring.verdict import NOTHING_NEWER
from tests.conftest import ROOT
from tests.monitoring.verdicts import (
    QUIET,
    UNKNOWN,
    drifted,
    faulty,
    moved_rate,
    performance,
)

DECIDED = RetrainDecision(
    date=dt.date(2026, 3, 1),
    champion="v1",
    newest=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    action=Action.NOTHING,
)
QUALITY = {"tables": {"customers": {"rows": 100, "rejected": 1}}, "findings": []}
WRITTEN = Alerts.model_validate(
    yaml.safe_load((ROOT / "conf/base/parameters_alerts.yml").read_text("utf-8"))[
        "alerts"
    ]
)


def _facts(verdict=QUIET, report=UNKNOWN, decision=DECIDED, quality=QUALITY):
    return facts_of(verdict, report, decision, quality)


def _alerts(verdict=QUIET, **given):
    facts = _facts(verdict, **given)
    found = alerts_of(facts, WRITTEN.rules, report="report.html")
    return {alert.key: alert.title for alert in found}


def test_a_quiet_watch_alerts_nobody():
    assert _alerts() == {}


def test_each_sign_raises_its_alert():
    assert _alerts(drifted("strong")) == {"drift_confirmed": "a drift is confirmed"}
    assert _alerts(faulty("missing", "income"))["data_faults"].endswith("faulty: 1")
    many = {"tables": {"t": {"rows": 100, "rejected": 5}}, "findings": []}
    told = _alerts(quality=many)["rows_rejected"]
    assert told == "0.05 of the raw rows were rejected, 0.02 are ordinary"
    due = DECIDED.model_copy(update={"action": Action.RETRAIN})
    assert _alerts(decision=due) == {"model_due": "decided: retrain"}
    held = DECIDED.model_copy(update={"held": "made 2 days ago"})
    assert list(_alerts(decision=held)) == ["model_held"]


def test_where_nothing_was_compared_that_alone_is_told():
    unwatched = QUIET.model_copy(update={"verdict": NOTHING_NEWER})
    assert list(_alerts(unwatched)) == ["drift_unwatched"]
    assert "drift.confirmed" not in _facts(unwatched)


def test_the_churn_rate_is_a_fact_once_labels_have_matured():
    assert "drift.churn_rate" not in _facts()
    found = _facts(moved_rate())
    assert (found["drift.churn_rate"], found["drift.churn_rate_moved"]) == (0.1, True)


def test_every_rule_has_its_entry_in_the_runbook():
    text = (ROOT / "docs/runbook.md").read_text("utf-8").lower()
    for name, rule in WRITTEN.rules.items():
        assert f"\n## {rule.runbook}\n" in text, name


def test_a_model_that_became_worse_is_told_by_how_sure_that_is():
    once = _alerts(report=performance("roc_auc", confirmed=False))
    assert list(once) == ["performance_fell"]
    known = _alerts(report=performance("roc_auc"))
    assert list(known) == ["performance_confirmed", "performance_fell"]
    facts = _facts(report=performance())
    assert facts["performance.roc_auc"] == 0.7
    assert facts["performance.estimated_roc_auc"] == 0.8


def test_every_fact_is_explained():
    text = (ROOT / "docs/monitoring.md").read_text("utf-8")
    for fact in _facts(moved_rate(), report=performance()):
        named = fact.replace("roc_auc", "<metric>")
        assert f"`{named}`" in text, fact
