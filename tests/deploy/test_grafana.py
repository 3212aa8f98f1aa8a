"""The dashboard asks Prometheus for what there is, in queries that it understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.test_prometheus import METRIC
from tests.deploy.tools import DEPLOY, alerts, known_names, load, promtool

GRAFANA = DEPLOY / "grafana"
BOARD = json.loads((GRAFANA / "dashboards/churn-service.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
COLUMNS = 24


def queries() -> list[str]:
    return [target["expr"] for panel in PANELS for target in panel["targets"]]


def test_promtool_takes_each_query_of_the_dashboard(tmp_path: Path) -> None:
    asked = [query.replace("$__rate_interval", "5m") for query in queries()]
    group = [{"record": f"q:{n}", "expr": query} for n, query in enumerate(asked)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": group}]}))
    found = promtool("check", "rules", file)
    assert found.faults == ""
    assert f"{len(asked)} rules found" in found.text


@pytest.mark.parametrize("query", queries())
def test_a_query_asks_only_for_metrics_that_there_are(query: str) -> None:
    names = set(METRIC.findall(re.sub(r'"[^"]*"', '""', query)))
    assert names
    assert names <= known_names()


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= COLUMNS
        across, down = (
            range(at["x"], at["x"] + at["w"]),
            range(at["y"], at["y"] + at["h"]),
        )
        cells = {(x, y) for x in across for y in down}
        assert not cells & taken, f"expected room for {panel['title']!r}"
        taken |= cells
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_each_panel_reads_the_source_that_is_provisioned() -> None:
    (source,) = load(GRAFANA / "provisioning/datasources/prometheus.yml")["datasources"]
    read = {panel["datasource"]["uid"] for panel in PANELS}
    assert read == {source["uid"]}
    assert {panel["datasource"]["type"] for panel in PANELS} == {source["type"]}


def test_each_alert_but_that_of_no_service_is_named_by_a_panel() -> None:
    told = " ".join(panel["description"] for panel in PANELS)
    assert set(re.findall(r"Churn\w+", told)) == set(alerts()) - {"ChurnServiceMissing"}
