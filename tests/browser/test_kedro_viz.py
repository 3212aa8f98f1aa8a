"""kedro-viz shows every pipeline, with layers, tables, metrics and plots."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import free_port
from tests.conftest import Project

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def viz(trained: Project, server: Callable[..., object]) -> Iterator[str]:
    """Return the address of kedro-viz over a project that was run."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["kedro", "viz", "run", "--no-browser", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--env", "test"]
    with server(*command, cwd=trained.folder, url=url):  # type: ignore[attr-defined]
        yield url


def answer(url: str) -> dict[str, object]:
    """Return the JSON at a URL."""
    with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310
        return dict(json.load(reply))


def test_all_pipelines_and_layers_are_drawn(viz: str, page: Page) -> None:
    page.goto(viz)
    expect(page.locator(".pipeline-node").first).to_be_visible(timeout=60_000)
    graph = answer(f"{viz}/api/main")
    names = {pipeline["id"] for pipeline in graph["pipelines"]}  # type: ignore[attr-defined]
    assert {"__default__", "simulate", "training", "drift_reporting"} <= names
    assert {"feature", "model_input", "models", "reporting"} <= set(graph["layers"])  # type: ignore[call-overload]


def test_a_figure_is_previewed(viz: str, page: Page, tmp_path: Path) -> None:
    graph = answer(f"{viz}/api/main")
    figure = next(
        node["id"]
        for node in graph["nodes"]  # type: ignore[attr-defined]
        if node["name"] == "roc_curve"
    )
    page.goto(f"{viz}/?sid={figure}")
    expect(page.locator(".pipeline-plotly-chart").first).to_be_visible(timeout=60_000)
