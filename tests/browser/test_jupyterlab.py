"""The notebooks in a real JupyterLab, started with `kedro jupyter lab`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import free_port
from tests.conftest import Project

pytestmark = pytest.mark.browser

OUTPUT = ".jp-Notebook .jp-OutputArea-output"


@pytest.fixture(scope="module")
def lab(
    trained: Project,
    server: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Return the address of JupyterLab over a copy of a project that was run."""
    folder = tmp_path_factory.mktemp("lab") / "project"
    shutil.copytree(trained.folder, folder)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["kedro", "jupyter", "lab", "--env", "test", "--no-browser"]
    command += ["--ip", "127.0.0.1", "--port", str(port), "--allow-root"]
    command += ["--IdentityProvider.token=", "--ServerApp.root_dir=."]
    with server(*command, cwd=folder, url=f"{url}/api"):
        yield url


@pytest.fixture
def high(page: Page) -> Iterator[Page]:
    """Return a page so high that JupyterLab renders every cell of a notebook."""
    size = page.viewport_size
    page.set_viewport_size({"width": 1400, "height": 6000})
    yield page
    assert size is not None
    page.set_viewport_size(size)


def test_a_notebook_runs_from_top_to_bottom(lab: str, high: Page) -> None:
    high.goto(f"{lab}/lab/tree/notebooks/1.0-explore.ipynb?reset")
    idle = high.get_by_text("Python 3 (ipykernel) | Idle")
    expect(idle).to_be_visible(timeout=90_000)
    high.get_by_role("menuitem", name="Run", exact=True).click()
    high.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    finding = high.locator(f"{OUTPUT} strong")
    expect(finding).to_contain_text("rows", timeout=120_000)
    figures = high.locator(".jp-RenderedPlotly:has(.main-svg)")
    expect(figures).to_have_count(5, timeout=30_000)
    for kind in ("stderr", "stdout", "error"):
        mime = f"[data-mime-type='application/vnd.jupyter.{kind}']"
        expect(high.locator(mime)).to_have_count(0)


def test_a_new_notebook_has_the_project(lab: str, page: Page) -> None:
    page.goto(f"{lab}/lab?reset")
    cards = page.locator(".jp-LauncherCard[data-category='Notebook']")
    cards.filter(has_text="Kedro (churn_pipeline)").click(timeout=60_000)
    expect(page.get_by_text("Kedro (churn_pipeline) | Idle")).to_be_visible(
        timeout=90_000
    )
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    page.keyboard.type("context.env, 'metrics' in catalog, len(pipelines) > 5")
    page.keyboard.press("Shift+Enter")
    expect(page.locator(OUTPUT).first).to_contain_text(
        "('test', True, True)", timeout=60_000
    )
