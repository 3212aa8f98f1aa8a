"""The performance pipeline: estimated at once, measured once labels have matured."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.io.prediction_log import PredictionLog, PredictionLogDataset
from churn_pipeline.monitoring.params import PerformanceReporting
from churn_pipeline.pipelines.performance_reporting import create_pipeline
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.reigning import Reigning
from tests.factories import TINY_DATASET, tiny_artifact, tiny_columns
from tests.monitoring.logged import HORIZON, write
from tests.pipelines.in_memory import run_in_memory
from tests.serving.journal.made import ABOUT, DAY_NS, NOON, entry

LEARNT = [dt.date(2025, month, 1) for month in (6, 7, 8, 9)]
NEWER = [dt.date(2025, 11, 1), dt.date(2025, 12, 1), dt.date(2026, 1, 1)]
RULE = PerformanceReporting(draws=40, segment_draws=20, min_rows=50, min_churners=10)


def _customers(champion, *, change=None):
    """Seven dates of 600 customers, labelled by what the champion says of them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(tiny_columns(600 * 7, seed=1))
    frame["observation_date"] = np.repeat([*LEARNT, *NEWER], 600)
    frame["customer_id"] = np.tile([f"c{i}" for i in range(600)], 7)
    chance = champion.predict(frame)
    late = frame["observation_date"] == NEWER[1]
    if change is not None:
        chance = np.where(late, chance * change, chance)
    frame["label"] = (rng.random(len(frame)) < chance).astype(float)
    unripe = frame["observation_date"] == NEWER[2]
    frame.loc[unripe, "label"] = np.nan
    split = {LEARNT[-1]: "test", NEWER[2]: "not_mature"}
    dates = frame["observation_date"]
    frame["split"] = [split.get(d, "train" if d in LEARNT else "gap") for d in dates]
    return frame


def _run(*, change=None, log=None, history=(), measured=None, newest=NEWER[-1]):
    champion = tiny_artifact()
    rows = _customers(champion, change=change)
    known = rows[rows["observation_date"].isin(LEARNT)]
    trained = known[known["split"] == "train"]
    inputs = {
        "held_out_of_champion": trained[
            ["customer_id", "observation_date", "label"]
        ].assign(logistic=champion.predict(trained)),
        "model_input_of_champion": known,
        "model_input": rows[rows["observation_date"] <= newest],
        "champion": champion,
        "champion_as_measured": measured or Reigning(champion, champion),
        "feature_set": {"features": [], "segments": ["plan"], "sensitive": []},
        "prediction_log": log,
        "watch_history": list(history),
        "params:performance_reporting": RULE,
        "params:dataset": TINY_DATASET,
        "params:seed": 1,
    }
    return run_in_memory(create_pipeline(), inputs)


@pytest.fixture(scope="module")
def quiet():
    return _run()


@pytest.fixture(scope="module")
def changed():
    return _run(change=0.3)


def test_months_are_estimated_at_once_and_measured_when_mature(quiet):
    report = quiet["performance_report"]
    months = {c["month"]: c for c in report["cohorts"]}
    assert list(months) == ["2025-11-01", "2025-12-01", "2026-01-01"]
    assert months["2025-12-01"]["realised"]["churn_rate"]["value"] > 0
    assert months["2026-01-01"]["realised"] == {}
    assert months["2026-01-01"]["estimated"]["roc_auc"]["value"] > 0.5
    assert (report["rows"], report["matured"]) == (1800, 1200)
    assert (report["degraded"], report["reasons"]) == (False, [])
    assert report["dates"] == 4


def test_what_the_champion_has_learnt_from_is_no_cohort(quiet):
    scored = quiet["scored_cohorts"]
    assert sorted(scored["observation_date"].unique()) == NEWER
    assert scored["label"].isna().sum() == 600


def test_a_concept_change_is_found_once_its_labels_are_there(changed, quiet):
    report = changed["performance_report"]
    assert report["degraded"]
    assert report["realised_month"] == "2025-12-01"
    assert "churn_rate" in report["cohorts"][1]["missed"]
    for name, found in report["cohorts"][1]["estimated"].items():
        same = quiet["performance_report"]["cohorts"][1]["estimated"][name]
        assert found == same, "the estimate knows nothing of it"


def test_segments_of_the_newest_mature_month_are_told(quiet):
    levels = {s["level"]: s for s in quiet["performance_report"]["by_segment"]}
    assert set(levels) == {"basic", "plus", "premium"}
    assert sum(s["rows"] for s in levels.values()) == 600
    assert all(s["realised"] for s in levels.values())


def test_the_history_keeps_estimates_and_what_became_true(quiet):
    watches = quiet["performance_watch"]
    assert [w["date"] for w in watches] == ["2025-11-01", "2025-12-01", "2026-01-01"]
    assert watches[0]["realised"]["roc_auc"] > 0
    assert watches[2]["realised"] == {}
    again = _run(history=watches)
    assert again["performance_watch"] == []
    assert "Estimated against realised" in again["performance_page"]


def test_the_page_stands_alone_and_names_what_cannot_be_seen(changed):
    page = changed["performance_page"]
    assert "Worse by the labels of 2025-12" in page
    assert "concept change" in page
    assert "only labels show it" in page
    assert len(page.encode()) < 2 * 2**20
    assert not re.findall(r"(?:src|href)=[\"']?https?:", page)


def test_the_overview_draws_estimates_and_labels(changed):
    figure = changed["performance_overview"]
    names = {trace.name for trace in figure.data}
    outside = "by the labels, outside of the estimate"
    assert {"estimated without labels", outside} <= names
    missed = [trace for trace in figure.data if trace.name == outside]
    assert sum(trace.x[0] is not None for trace in missed) >= 2


def test_without_newer_dates_there_is_nothing_to_tell():
    made = _run(newest=LEARNT[-1])
    report = made["performance_report"]
    assert report["cohorts"] == []
    assert made["performance_watch"] == []
    assert "Nothing newer than what the model learnt from" in made["performance_page"]


def test_the_log_is_told_beside_the_features(tmp_path):
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    write(url, entry("one"), entry("two", customer_id="x"))
    log = PredictionLog(url, NOON + (HORIZON + 1) * DAY_NS)
    assert ABOUT["model_version"] == tiny_artifact().manifest.version
    report = _run(log=log)["performance_report"]
    (logged,) = [c for c in report["cohorts"] if c["source"] == "log"]
    assert (logged["rows"], logged["labelled"], logged["matured"]) == (2, 0, True)
    assert report["rows"] == 1800


def test_a_measured_model_that_is_damaged_stops_it():
    with pytest.raises(ArtifactError, match="gone"):
        _run(measured=ArtifactError("gone"))


def test_no_log_is_none_and_one_that_is_there_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("CHURN_SERVICE_DIR", str(tmp_path))
    monkeypatch.delenv("CHURN_JOURNAL", raising=False)
    entry_of_catalog = PredictionLogDataset(dataset="tiny")
    assert entry_of_catalog.load() is None
    write(f"sqlite:///{tmp_path}/tiny/journal.db", entry("one"))
    found = entry_of_catalog.load()
    assert found is not None
    assert found.url == f"sqlite:///{tmp_path}/tiny/journal.db"
