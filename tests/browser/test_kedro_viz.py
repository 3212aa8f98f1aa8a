"""kedro-viz shows every pipeline, with layers, tables, metrics and plots."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from churn_pipeline.pipeline_registry import MAIN_JOB
from tests.browser.conftest import free_port
from tests.conftest import Project

pytestmark = pytest.mark.browser

LAYERS = [
    "raw",
    "intermediate",
    "primary",
    "feature",
    "model_input",
    "models",
    "evaluation",
    "release",
    "model_output",
    "reporting",
]


@pytest.fixture(scope="module")
def viz(trained: Project, server: Callable[..., Any]) -> Iterator[str]:
    """Return the address of kedro-viz over a project that was run."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["kedro", "viz", "run", "--no-browser", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--env", "test"]
    with server(*command, cwd=trained.folder, url=url):
        yield url


@pytest.fixture(scope="module")
def graph(viz: str) -> dict[str, Any]:
    """Return the graph of the main job."""
    return answer(f"{viz}/api/main")


def answer(url: str) -> dict[str, Any]:
    """Return the JSON at a URL."""
    with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310
        return dict(json.load(reply))


def opened(page: Page, viz: str, graph: dict[str, Any], name: str) -> Locator:
    """Return the panel of a dataset, opened in the browser."""
    (found,) = [node["id"] for node in graph["nodes"] if node["name"] == name]
    page.goto(f"{viz}/?pid=__default__&sid={found}")
    panel = page.locator(".pipeline-metadata")
    expect(panel.get_by_text(name, exact=True).first).to_be_visible(timeout=60_000)
    return panel


def test_all_pipelines_are_offered_and_all_layers_drawn(
    viz: str, graph: dict[str, Any], page: Page
) -> None:
    names = {pipeline["id"] for pipeline in graph["pipelines"]}
    reporting = {"performance_reporting", "effect_reporting"}
    loop = {*reporting, "monitoring", "recalibration", "retraining"}
    apart = {"__default__", "simulate", "feature_store", "night"}
    assert names == {*apart, *MAIN_JOB, *loop}
    page.goto(viz)
    expect(page.locator(".pipeline-node").first).to_be_visible(timeout=60_000)
    layers = page.locator(".pipeline-layer-name")
    expect(layers).to_have_text(LAYERS, timeout=60_000)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("raw_customers", "customer_id"),
        ("transactions", "event_time"),
        ("rejected_rows", "reasons"),
        ("customer_features", "observation_date"),
        ("model_input", "split"),
        ("segment_metrics", "roc_auc"),
        ("churn_scores", "churn_probability"),
    ],
)
def test_a_table_is_previewed(
    viz: str, graph: dict[str, Any], page: Page, name: str, column: str
) -> None:
    table = opened(page, viz, graph, name).locator("table")
    expect(table.locator("th", has_text=column).first).to_be_visible(timeout=60_000)
    assert table.locator("tbody tr").count() >= 2


@pytest.mark.parametrize(
    ("name", "key"),
    [("metrics", "roc_auc"), ("champion", "version"), ("gate_verdict", "approved")],
)
def test_metrics_and_models_are_previewed(
    viz: str, graph: dict[str, Any], page: Page, name: str, key: str
) -> None:
    panel = opened(page, viz, graph, name)
    expect(panel.get_by_text(key).first).to_be_visible(timeout=60_000)


@pytest.mark.parametrize(
    "name", ["roc_plot", "calibration_plot", "profit_plot", "drift_overview"]
)
def test_a_figure_is_drawn(
    viz: str, graph: dict[str, Any], page: Page, name: str
) -> None:
    panel = opened(page, viz, graph, name)
    expect(panel.locator(".js-plotly-plot .main-svg").first).to_be_visible()
