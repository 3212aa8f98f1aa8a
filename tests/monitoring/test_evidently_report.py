"""Evidently's page is small, offline, and says what our verdict says."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.monitoring.drift import DriftRule, Sample, compare
from churn_pipeline.monitoring.evidently_report import drift_page

DATES = np.full(400, np.datetime64("2024-01-01"))
KINDS = {"spend": "number", "plan": "category", "calm": "number", "gone": "number"}


@pytest.fixture(scope="module")
def page():
    rng = np.random.default_rng(0)
    plans = np.array(["basic", "plus"], object)
    frame = pd.DataFrame(
        {
            "spend": rng.normal(size=400),
            "plan": rng.choice(plans, 400),
            "calm": rng.normal(size=400),
            "gone": rng.normal(size=400),
        }
    )
    moved = frame.assign(spend=frame["spend"] + 2, gone=np.nan)
    moved.loc[::2, "plan"] = None
    columns = compare(_sample(frame), _sample(moved), KINDS, rule=DriftRule())
    return drift_page(frame, moved, columns)


def test_page_weighs_less_than_2_mib_and_loads_nothing(page):
    assert len(page.encode()) < 2 * 2**20
    assert not re.findall(r'(?:src|href)="?https?:', page)


@pytest.mark.browser
def test_page_shows_the_drifted_columns_in_a_browser(page, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium")
    file = tmp_path / "report.html"
    file.write_text(page, "utf-8")
    shown = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    bare = re.sub(r"<script.*?</script>", "", shown, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", bare)
    assert "out of" not in text, "its count of the columns drawn contradicts ours"
    assert (text.count("Detected"), text.count("Not Detected")) == (3, 1), text[:2000]
    for column in ("spend", "plan", "calm"):
        assert column in text
    assert shown.count("main-svg") >= 2


def _sample(frame):
    return Sample({name: frame[name].to_numpy() for name in frame}, DATES)
