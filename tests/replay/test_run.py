"""The loop beside a frozen model and a monthly one, over a change of concept."""

import datetime as dt
from dataclasses import replace

import pytest

from churn_pipeline.replay.keep import keep
from churn_pipeline.replay.result import FROZEN, HAZARD, LOOP, MONTHLY
from churn_pipeline.replay.run import replay
from churn_pipeline.replay.simulated import simulate_world


@pytest.fixture(scope="session")
def found(world, settings):
    """What came of the replay."""
    return replay(world, settings)


def test_nobody_earns_more_than_who_knows_the_truth(found):
    for month in found.months:
        best = month.figures[HAZARD].profit
        assert all(month.figures[name].profit <= best + 1e-9 for name in found.ways)


def test_all_begin_with_the_same_model(found):
    first = found.months[0].figures
    assert first[FROZEN] == first[MONTHLY] == first[LOOP]


def test_the_frozen_model_loses_once_the_concept_has_changed(found):
    late = [m for m in found.months if m.date >= dt.date(2025, 5, 1)]
    lost = sum(m.figures[MONTHLY].profit - m.figures[FROZEN].profit for m in late)
    assert lost > 0


def test_the_monthly_model_is_made_anew_at_each_step_and_the_loop_seldom(found):
    assert found.retrainings_monthly == 7
    made = [m for m in found.months if m.action == "retrain"]
    assert len(made) == found.retrainings
    assert found.retrainings < 7


def test_a_wrong_unit_is_told_and_not_learnt_from(found):
    during = {m.date: m for m in found.months if m.date < dt.date(2025, 4, 1)}
    assert "data_faults" in during[dt.date(2025, 2, 1)].alerts
    drifted = during[dt.date(2025, 3, 1)]
    assert (drifted.reasons, drifted.action) == (("drift",), "nothing")
    assert "the data look faulty" in drifted.held


def test_the_file_and_the_picture_hold_what_was_found(found, tmp_path):
    told, drawn = keep(found, tmp_path)
    summary = found.summary()
    assert {"profit_recovered", "retrainings", "retrainings_monthly"} <= set(summary)
    assert summary["profit_recovered"] is None or 0 <= summary["profit_recovered"] <= 1
    assert told.read_text("utf-8").count('"date"') == len(found.months)
    assert drawn.read_text("utf-8").count("<polyline") == 11
    assert sorted(p.name for p in tmp_path.iterdir()) == ["replay.json", "replay.svg"]


def test_the_same_seed_gives_the_same_figures(settings):
    asked = settings.replay.model_copy(update={"steps": 4, "customers": 700})
    few = replace(settings, replay=asked)
    first, second = (replay(simulate_world(few), few).summary() for _ in range(2))
    assert first == second
    assert (first["seed"], first["retrainings_monthly"]) == (few.seed, 3)
    assert first["profit"]["truth"] > first["profit"]["frozen"]
