"""The watch's decision rests on what the champion's manifest says."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest
import yaml

from churn_pipeline.monitoring.requests import Request
from churn_pipeline.pipelines.monitoring.nodes import (
    Monitoring,
    _churners_since,
    decide_retraining,
)
from churn_pipeline.release.provenance import FittedOn
from tests.conftest import ROOT
from tests.factories import TINY_DECISION, tiny_artifact, tiny_facts
from tests.monitoring.verdicts import QUIET, UNKNOWN, performance

CHAMPION = tiny_artifact()  # made on 2026-01-01, fit on 200 rows until 2025-09-01
VERSION = CHAMPION.manifest.version
NO_BETTER = {"approved": False, "reasons": ["no better"], "checks": []}
VERDICT = QUIET.model_copy(update={"model_version": VERSION}).model_dump(mode="json")


def _decided(**changes):
    rows = pd.DataFrame(
        {"observation_date": ["2025-09-01", "2025-10-01"], "label": [1.0, None]}
    )
    given = {
        "drift_verdict": VERDICT,
        "performance_report": UNKNOWN.model_dump(mode="json"),
        "model_input": rows,
        "champion": CHAMPION,
        "calibration_trial": NO_BETTER,
        "models_made": [VERSION],
        "retrain_requests": [],
        "monitoring": Monitoring(),
        "decision": TINY_DECISION,
        "today": "2026-02-01",
    }
    return decide_retraining(**{**given, **changes})


def test_a_quiet_watch_decides_nothing():
    found = _decided()
    assert (found["action"], found["reasons"], found["date"]) == (
        "nothing",
        [],
        "2026-02-01",
    )


def test_rows_count_as_new_once_their_label_is_known():
    dates = ["2025-09-01"] * 300 + ["2025-10-01"] * 100 + ["2025-11-01"] * 500
    labels = [0.0] * 400 + [None] * 500
    found = _decided(
        model_input=pd.DataFrame({"observation_date": dates, "label": labels})
    )
    assert [reason["numbers"] for reason in found["reasons"]] == [
        {"rows": 100.0, "share": 0.5}
    ]


def test_labels_that_say_it_ranks_worse_are_a_reason():
    fell = performance("roc_auc").model_dump(mode="json")
    assert [r["kind"] for r in _decided(performance_report=fell)["reasons"]] == [
        "degradation"
    ]


def test_other_costs_are_a_reason_and_the_length_of_the_list_is_none():
    longer = replace(TINY_DECISION, capacity=7, assumed=True)
    assert _decided(decision=longer)["action"] == "nothing"
    dearer = replace(TINY_DECISION, contact_cost=3, offer_cost=1)
    told = [reason["text"] for reason in _decided(decision=dearer)["reasons"]]
    assert told == ["the decision has changed: contact_cost, offer_cost"]


def test_a_request_counts_until_the_next_model_is_made():
    asked = Request(
        id="a",
        reason="prices",
        who="Ada",
        time=dt.datetime(2026, 1, 20, tzinfo=dt.UTC),
    ).model_dump(mode="json")
    assert _decided(retrain_requests=[asked])["action"] == "retrain"
    later = [VERSION, "2026-01-21T00.00.00.000Z"]  # refused by its gate
    assert _decided(retrain_requests=[asked], models_made=later)["reasons"] == []


LABELLED = pd.DataFrame(
    {
        "observation_date": ["2025-09-01"] * 3 + ["2025-10-01"] * 3 + ["2025-11-01"],
        "label": [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, None],
    }
)


@pytest.mark.parametrize(
    ("since", "churners"),
    [("2025-09-01", 4), ("2025-09-02", 2), ("2025-10-01", 2), ("2025-11-01", 0)],
)
def test_churners_count_from_the_date_on_since_which_customers_leave_otherwise(
    since, churners
):
    assert _churners_since(LABELLED, dt.date.fromisoformat(since)) == churners


def test_where_the_champion_never_fell_no_churner_is_counted():
    assert _churners_since(LABELLED, None) is None


def test_what_the_calibration_alone_has_learnt_from_is_new_for_the_ranking():
    fitted = CHAMPION.manifest.fitted
    newer = FittedOn(
        facts=tiny_facts(500, dt.date(2025, 10, 1)),
        labels_until=dt.date(2025, 11, 30),
        before=fitted,
        since=dt.date(2025, 10, 1),
    )
    rows = pd.DataFrame(
        {"observation_date": ["2025-11-01"] * 100, "label": [0.0, 1.0] * 50}
    )
    found = _decided(champion=CHAMPION.restated(fitted=newer), model_input=rows)
    assert [r["numbers"] for r in found["reasons"]] == [{"rows": 100.0, "share": 0.5}]
    assert found["learn_from"] == "2025-10-01"
    assert found["held"].startswith("50 are known to have left since the champion fell")


def test_the_parameters_as_written_are_the_defaults():
    text = (ROOT / "conf/base/parameters_monitoring.yml").read_text("utf-8")
    written = Monitoring.model_validate(yaml.safe_load(text)["monitoring"])
    assert written == Monitoring()
