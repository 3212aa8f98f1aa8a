"""What the drift report found is in the metrics, and goes on being where it breaks."""

import os

from churn_pipeline.monitoring.drift import ColumnDrift, DriftRule
from churn_pipeline.monitoring.verdict import DriftVerdict
from churn_pipeline.serving.drift import VERDICT, Drift, report_folder
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.refreshing import refresh
from tests.factories import tiny_artifact
from tests.serving.apps import app_of

SCORES, DRIFTED = "churn_drift_score", "churn_drifted"


def _column(name, effect, *, drifted=False, judged=True):
    return ColumnDrift(
        name=name,
        kind="number",
        effect=effect,
        ordinary=0.05,
        limit=0.15,
        judged=judged,
        p_value=0.5,
        p_corrected=1.0,
        drifted=drifted,
        reference={"mean": 1.0},
        current={"mean": 2.0},
    )


def _report(folder, version, *columns):
    """Write a verdict as drift_reporting does."""
    made = DriftVerdict(
        verdict="drift",
        drifted=tuple(c.name for c in columns if c.drifted),
        not_judged=tuple(c.name for c in columns if not c.judged),
        share_drifted=0.5,
        current_date="2026-01-01",
        reference_dates=("2025-01-01", "2025-06-01"),
        current_rows=10,
        reference_rows=10,
        model_version="1.0.0",
        prediction=_column("churn_probability", 0.02),
        columns=columns,
        rule=DriftRule(),
    )
    file = folder / VERDICT / version / VERDICT
    file.parent.mkdir(parents=True)
    file.write_text(made.model_dump_json(), encoding="utf-8")
    return file


def _told(metrics, family):
    found = metrics.samples().items()
    return {labels[0][1]: value for (name, labels), value in found if name == family}


def test_the_newest_verdict_is_told_of_features_and_predictions(tmp_path):
    metrics = Metrics()
    drift = Drift(tmp_path, metrics, "tiny")
    _report(tmp_path, "2026-01-01T00.00.00.000Z", _column("tenure", 0.3, drifted=True))
    drift.refresh()
    assert _told(metrics, SCORES) == {"churn_probability": 0.02, "tenure": 0.3}
    assert _told(metrics, DRIFTED) == {"churn_probability": 0.0, "tenure": 1.0}
    newer = _report(tmp_path, "2026-01-02T00.00.00.000Z", _column("plan", 0.1))
    os.utime(newer, (7, 7))
    drift.refresh()
    assert _told(metrics, SCORES) == {"churn_probability": 0.02, "plan": 0.1}
    written = metrics.samples()["churn_drift_report_timestamp_seconds", ()]
    assert written == 7


def test_what_could_not_be_judged_is_not_told(tmp_path):
    metrics = Metrics()
    _report(tmp_path, "v1", _column("month", 0.97, judged=False))
    Drift(tmp_path, metrics, "tiny").refresh()
    assert _told(metrics, SCORES) == {"churn_probability": 0.02}


def test_without_a_report_nothing_is_told(tmp_path):
    metrics = Metrics()
    (tmp_path / VERDICT / "begun").mkdir(parents=True)
    for folder in (tmp_path / "none", tmp_path):
        Drift(folder, metrics, "tiny").refresh()
    assert _told(metrics, SCORES) == {}


def test_a_broken_verdict_leaves_what_there_was_and_is_stale_until_mended(tmp_path):
    app = app_of(tiny_artifact(), CHURN_REPORT_DIR=str(tmp_path))
    folder = report_folder("tiny", {"CHURN_REPORT_DIR": str(tmp_path)})
    stale, metrics = ("churn_stale", (("part", "drift"),)), app.parts.metrics
    _report(folder, "v1", _column("tenure", 0.3))
    refresh(app.parts)
    broken = _report(folder, "v2", _column("tenure", 0.1))
    whole = broken.read_text()
    broken.write_text(whole[:-9])
    refresh(app.parts)
    assert (_told(metrics, SCORES)["tenure"], metrics.samples()[stale]) == (0.3, 1)
    assert app.parts.failing["drift"].startswith("the drift told is that of before: ")
    broken.write_text(whole)
    refresh(app.parts)
    assert (_told(metrics, SCORES)["tenure"], metrics.samples()[stale]) == (0.1, 0)


def test_a_broken_verdict_is_told_once_with_what_to_do(tmp_path, caplog):
    _report(tmp_path, "v1").write_text('{"columns": 3}')
    drift = Drift(tmp_path, Metrics(), "tiny")
    for _ in range(3):
        drift.refresh()
    told = drift.problems()["drift"]
    assert "run `kedro run --pipelines drift_reporting --env tiny` again" in told
    said = [record.getMessage() for record in caplog.records]
    assert said == [told]
    assert told.startswith("no drift is told: ")


def test_the_default_data_set_needs_no_name_in_a_command(tmp_path):
    _report(tmp_path, "v1").write_text('{"columns": 3}')
    drift = Drift(tmp_path, Metrics(), "company")
    drift.refresh()
    told = drift.problems()["drift"]
    assert "run `kedro run --pipelines drift_reporting` again" in told
