"""The performance report, in a browser: all of a chart is on the page, and readable."""

import pytest

from churn_pipeline.monitoring.estimate import Measured
from churn_pipeline.monitoring.performance_figures import SHOWN
from churn_pipeline.monitoring.performance_page import performance_page
from tests.factories import TINY_DATASET
from tests.monitoring.verdicts import performance

MONTH = {name: Measured(value=0.8, low=0.7, high=0.9) for name in SHOWN}


@pytest.fixture
def of_one_month(page, tmp_path):
    """Return the report of a champion that has one month behind it, opened."""
    report = performance()
    cohort = report.cohorts[0].model_copy(update={"estimated": MONTH})
    report = report.model_copy(update={"cohorts": (cohort,)})
    file = tmp_path / "page.html"
    file.write_text(performance_page(report, history=[], dataset=TINY_DATASET))
    page.set_viewport_size({"width": 1300, "height": 1600})
    page.goto(file.as_uri())
    page.locator(".x4tick").wait_for()
    return page


def test_the_chart_and_its_buttons_fit_on_the_page(of_one_month):
    of_one_month.locator(".chart").first.hover()
    icons = of_one_month.locator(".modebar-btn svg").all()
    assert icons
    assert max(icon.bounding_box()["width"] for icon in icons) < 30
    wide = of_one_month.locator(".wide").first
    assert wide.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_one_month_alone_is_dated_by_its_day_and_has_an_interval(of_one_month):
    dates = of_one_month.locator(".xtick, .x4tick").all_text_contents()
    assert dates == ["2025-12-01"] * 2
    band = of_one_month.locator(".js-fill").first.bounding_box()
    assert band["width"] > 50
    assert band["height"] > 50
