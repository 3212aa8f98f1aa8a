"""What watches the service asks for what there is, and alerts when it should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.endpoints import ENDPOINTS
from churn_pipeline.serving.metrics import FAMILIES, Metrics, page
from tests.conftest import ROOT
from tests.deploy.tools import (
    PROMETHEUS,
    alerts,
    known_names,
    load,
    promtool,
    rules,
)

RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
CASES = ROOT / "tests/deploy/alerts_test.yml"
SEVERITIES = {"critical", "warning", "info"}
CONFIGS = sorted(PROMETHEUS.glob("*.yml"))
METRIC = re.compile(r"\b(?:churn|process)[_:][a-z0-9_:]+\b|\bup\b|\bALERTS\b")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_promtool_takes_the_scrape_configuration(path: Path, tmp_path: Path) -> None:
    config = load(path)
    (job,) = config["scrape_configs"]
    # Debian's promtool is older than this setting, which Prometheus 3 has.
    headers = job.pop("http_headers")
    assert list(headers) == ["X-API-Key"]
    ((how, files),) = headers["X-API-Key"].items()
    assert how == "files"
    assert all(Path(file).is_absolute() for file in files)
    (tmp_path / "rules").symlink_to(PROMETHEUS / "rules")
    (tmp_path / path.name).write_text(yaml.safe_dump(config))
    assert promtool("check", "config", tmp_path / path.name).faults == ""


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_address_that_is_scraped_is_the_services(path: Path) -> None:
    (job,) = load(path)["scrape_configs"]
    assert "GET" in ENDPOINTS[job["metrics_path"]]
    assert job["job_name"] == "churn"


def test_promtool_takes_the_rules() -> None:
    assert promtool("check", "rules", *RULES).faults == ""


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    assert promtool("test", "rules", CASES).faults == ""


def test_each_alert_has_a_case_in_which_it_fires() -> None:
    cases = load(CASES)["tests"]
    queries = [query for case in cases for query in case["promql_expr_test"]]
    labels = " ".join(found["labels"] for q in queries for found in q["exp_samples"])
    fired = dict(re.findall(r'alertname="(\w+)", severity="(\w+)"', labels))
    meant = {name: rule["labels"]["severity"] for name, rule in alerts().items()}
    assert fired == meant


def test_the_same_case_is_quiet_before_it_fires() -> None:
    for case in load(CASES)["tests"]:
        empty = [q for q in case["promql_expr_test"] if not q["exp_samples"]]
        assert empty, f"expected a quiet moment in the case {case['name']!r}"


@pytest.mark.parametrize("name", alerts())
def test_an_alert_has_a_severity_and_leads_to_its_entry_in_the_runbook(
    name: str,
) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in SEVERITIES
    address, anchor = rule["annotations"]["runbook_url"].split("#")
    assert address.endswith("/docs/runbook.md")
    assert anchor == name.lower()
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    assert f"\n## {name}\n" in runbook
    assert f"[{name}](#{anchor})" in runbook.partition("\n## ")[0]


def test_the_runbook_has_no_entry_for_an_alert_that_is_gone() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    nightly = yaml.safe_load((ROOT / "conf/base/parameters_alerts.yml").read_text())
    watched = {rule["runbook"] for rule in nightly["alerts"]["rules"].values()}
    entries = set(re.findall(r"^## (Churn\w+)$", runbook, re.M))
    assert {name for name in entries if name.lower() not in watched} <= set(alerts())
    assert entries >= set(alerts())


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.get("alert", r.get("record")))
def test_a_rule_asks_only_for_metrics_that_the_service_has(
    rule: dict[str, str],
) -> None:
    asked = re.sub(r'"[^"]*"', '""', rule["expr"])
    assert set(METRIC.findall(asked)) <= known_names()


def test_promtool_takes_the_page_with_every_metric_on_it() -> None:
    made = Metrics()
    made.answered("/predict", 200, 0.002)
    for family, (kind, _) in FAMILIES.items():
        if kind != "histogram":
            made.put(family, 1.5, feature='pl"an')
    text = page(made.samples())
    assert set(re.findall(r"^# TYPE (\w+) ", text, re.M)) == set(FAMILIES)
    assert promtool("check", "metrics", given=text).faults == ""


def test_the_page_of_metrics_is_that_of_the_code() -> None:
    told_there = (ROOT / "docs/metrics.md").read_text("utf-8").partition("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", told_there, re.M))
    assert told == {name: kind for name, (kind, _) in FAMILIES.items()}


def test_the_role_that_prometheus_needs_is_named_in_the_page() -> None:
    told = (ROOT / "docs/metrics.md").read_text("utf-8")
    assert f"key of role `{Role.OPERATE}`" in told
