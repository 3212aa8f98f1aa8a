from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from churn_pipeline import processes
from churn_pipeline.models import net_model
from churn_pipeline.models import trials as trials_module
from churn_pipeline.models.batch import halving
from churn_pipeline.models.settings import TuningSettings
from churn_pipeline.models.study import best_value
from churn_pipeline.models.trials import stratified
from churn_pipeline.models.tuning import (
    Tuned,
    tune_net,
)
from tests.models.company import (
    QUICK_FIT,
    QUICK_TREES,
    SMALL_NET,
    encode,
    learn,
    made_up,
)


class Killed(BaseException):
    """What ends a process in the middle of a study."""


def study(
    folder: Path,
    n_trials: int,
    progress=None,
    *,
    seed=0,
    loss=None,
    n_epochs=8,
    boosting=QUICK_TREES,
) -> Tuned:
    table, label = made_up(400)
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    return tune_net(
        rows,
        vocabulary.sizes,
        SMALL_NET,
        fit=replace(QUICK_FIT, max_epochs=n_epochs, patience=n_epochs),
        boosting=boosting,
        tuning=TuningSettings(
            n_trials=n_trials,
            storage=f"sqlite:///{folder}/tuning.db",
            max_rows=150,
            members=2,
            at_once=2,
            startup_trials=2,
        ),
        study_name="study",
        seed=seed,
        loss=loss,
        progress=progress,
    )


def without_seconds(tuned: Tuned) -> list[dict]:
    return [{k: v for k, v in t.items() if k != "seconds"} for t in tuned.trials]


def test_a_killed_study_goes_on_as_if_it_had_not_been(tmp_path):
    (tmp_path / "whole").mkdir()
    whole = study(tmp_path / "whole", 6)

    def kill(done: int, _best: float | None) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        study(tmp_path, 6, kill)
    counts: list[int] = []
    resumed = study(tmp_path, 6, lambda done, _: counts.append(done))
    assert counts[0] == 4
    assert counts[-1] == 6
    assert without_seconds(resumed) == without_seconds(whole)
    assert resumed.settings == whole.settings


def test_a_trial_that_a_kill_broke_off_is_made_again(tmp_path, monkeypatch):
    (tmp_path / "whole").mkdir()
    whole = study(tmp_path / "whole", 4)
    train, gone = net_model.fit_groups, f"{processes.host()}-{dead_process()}-1"

    def killed(*rows, **how):
        how["report"](0, [0.1, 0.2], [0, 1])
        raise Killed

    for finished in (0, 2):
        study(tmp_path, finished)
        monkeypatch.setattr(processes, "name", lambda: gone)
        monkeypatch.setattr(net_model, "fit_groups", killed)
        with pytest.raises(Killed):
            study(tmp_path, 4)
        monkeypatch.undo()
    assert net_model.fit_groups is train
    resumed = study(tmp_path, 4)
    assert [t["number"] for t in resumed.trials] == [2, 3, 6, 7]
    assert _without_number(resumed) == _without_number(whole)


def _without_number(tuned: Tuned) -> list[dict]:
    return [{**trial, "number": None} for trial in without_seconds(tuned)]


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_workers_side_by_side_draw_different_trials(tmp_path, monkeypatch):
    """Another worker begins and ends its trials while this one's first go on."""
    train, begun, inside = net_model.fit_groups, [], []

    def train_beside(*rows, **how):
        if not begun:
            begun.append(True)
            inside.extend(study(tmp_path, 2).trials)
        return train(*rows, **how)

    monkeypatch.setattr(net_model, "fit_groups", train_beside)
    trials = study(tmp_path, 4).trials
    assert [t["number"] for t in trials] == [0, 1, 2, 3]
    assert [t["number"] for t in inside] == [2, 3]
    assert trials[0]["params.learning_rate"] == SMALL_NET.learning_rate
    assert len({t["params.learning_rate"] for t in trials}) == 4


def test_a_finished_study_repeats_nothing(tmp_path):
    first = study(tmp_path, 3)
    assert study(tmp_path, 3) == first


def test_the_first_trial_is_the_settings_given(tmp_path):
    first = study(tmp_path, 2).trials[0]
    assert first["params.learning_rate"] == SMALL_NET.learning_rate
    assert first["params.dropout"] == SMALL_NET.dropout


def test_the_best_settings_keep_the_members_of_the_final_net(tmp_path):
    tuned = study(tmp_path, 4)
    complete = [t for t in tuned.trials if t["state"] == "complete"]
    best = min(complete, key=lambda trial: trial["value"])
    assert tuned.settings.members == SMALL_NET.members
    assert best["value"] < 0.998 * tuned.trials[0]["value"]
    assert tuned.settings.learning_rate == best["params.learning_rate"]


def test_the_first_trial_stays_where_the_best_is_hardly_better(tmp_path):
    for number, (second, chosen) in enumerate([(0.4995, 0), (0.4985, 1)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        losing = _losing([0.5, second])
        tuned = study(folder, 2, loss=losing, n_epochs=2)  # before any comparison
        rate = tuned.trials[chosen]["params.learning_rate"]
        assert tuned.settings.learning_rate == rate


def test_a_trial_worse_than_the_others_is_pruned(tmp_path, monkeypatch):
    asked = []

    def should_prune(trial: optuna.Trial) -> bool:
        asked.append(trial.number)
        return trial.number == 2

    monkeypatch.setattr(optuna.Trial, "should_prune", should_prune)
    trials = study(tmp_path, 4).trials
    assert [t["state"] for t in trials] == [
        "complete",
        "complete",
        "pruned",
        "complete",
    ]
    assert trials[2]["epochs"] == 8
    assert set(asked) == {0, 1, 2, 3}


def test_a_pruned_trial_is_judged_as_the_others_are(tmp_path, monkeypatch):
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda trial: trial.number == 1)
    trials = study(tmp_path, 2, loss=_losing([7.0, 9.0])).trials
    assert [(t["state"], t["value"]) for t in trials] == [
        ("complete", 7.0),
        ("pruned", 9.0),
    ]


def test_a_trial_counts_the_passes_that_it_made_itself(tmp_path, monkeypatch):
    train = net_model.fit_groups

    def first_leaves_early(*rows, report, **how):
        def told(epoch, losses, moving):
            return report(epoch, losses, moving if epoch < 3 else moving[1:])

        return train(*rows, report=told, **how)

    monkeypatch.setattr(net_model, "fit_groups", first_leaves_early)
    trials = study(tmp_path, 2, n_epochs=5).trials
    assert [t["epochs"] for t in trials] == [3, 5]


def test_the_worse_half_ends_at_a_comparison():
    pruner = halving()
    study = optuna.create_study(pruner=pruner)
    trials = [study.ask() for _ in range(4)]
    for trial, loss in zip(trials, (0.3, 0.1, 0.4, 0.2)):
        trial.report(loss, 4)
    assert [trial.should_prune() for trial in trials] == [True, False, True, False]


def test_a_study_that_has_its_trials_fits_no_teacher(tmp_path, monkeypatch):
    whole = study(tmp_path, 2)
    monkeypatch.setattr(trials_module, "teach", None)
    assert study(tmp_path, 2) == whole


def test_no_trials_keep_the_settings(tmp_path):
    assert study(tmp_path, 0) == Tuned(SMALL_NET, [])


def test_a_draw_keeps_the_churn_rate():
    table, label = made_up(1000)
    rows = encode(table, label, learn(table))
    drawn = stratified(rows.label, 100, seed=0)
    assert len(set(drawn)) == pytest.approx(100, abs=1)
    assert label[drawn].mean() == pytest.approx(label.mean(), abs=0.01)


def test_a_trial_is_judged_by_its_own_members(tmp_path):
    answers = []

    def loss(_label, chance, _places):
        answers.append(chance)
        return float(len(answers))

    study(tmp_path, 2, loss=loss, n_epochs=2)
    first, second = answers
    assert np.abs(first - second).max() > 0.01


def test_trials_learn_from_the_teacher(tmp_path):
    found = []
    for trees in (1, 30):
        (tmp_path / str(trees)).mkdir()
        boosting = replace(QUICK_TREES, max_trees=trees)
        made = study(tmp_path / str(trees), 1, boosting=boosting)
        found.append(made.trials[0]["value"])
    assert found[0] != found[1]


def _losing(losses: list[float]):
    """Return what judges each trial by the next of these losses."""
    left = iter(losses)
    return lambda *_: next(left)


def test_a_trial_without_a_finite_loss_counts_and_is_not_the_best(tmp_path):
    losing = _losing([math.nan, 0.4, math.inf])
    tuned = study(tmp_path, 3, loss=losing, n_epochs=2)  # before any comparison
    assert [t["state"] for t in tuned.trials] == ["fail", "complete", "fail"]
    assert tuned.settings.dropout == tuned.trials[1]["params.dropout"]


def test_a_study_without_a_finite_loss_ends_and_says_so(tmp_path):
    with pytest.raises(ValueError, match="finite held-out loss of one of 3 trials"):
        study(tmp_path, 3, loss=_losing([math.nan] * 3))


def test_a_loss_of_zero_is_the_best():
    trials = [optuna.trial.create_trial(value=value) for value in (0.3, 0.0)]
    assert best_value(trials) == 0.0
