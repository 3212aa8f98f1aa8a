"""What was measured stays measured: until code, package or rows are others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality import __main__ as quality
from benchmarks.quality import models, results
from benchmarks.quality.folds import Fold, cut, predictions
from benchmarks.quality.pool import refresh
from benchmarks.quality.sets import DataSet

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {
        "customer_id": range(60),
        "observation_date": "2025-01-01",
        "tenure": RNG.normal(size=60),
        "label": np.tile([0.0, 0.0, 1.0], 20),
    }
)
FEATURES = {"features": [{"name": "tenure", "type": "number"}]}
DATA = DataSet("cell2cell", ROWS, FEATURES, "rows1", Path("none.json"))
FOLDS = cut(ROWS, 3)
TAKEN = {
    name: 1.0
    for name in ("seconds", "cpu_seconds", "tuning_seconds", "tuning_cpu_seconds")
}


class Fits:
    """Stands for the processes that fit: remembers what was asked for.

    Attributes:
        made: Model and fold of each fit.
        breaks: Model whose fit fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.made, self.breaks = folder, [], ""

    def __call__(
        self, data: DataSet, model: str, fold: Fold, _: int
    ) -> dict[str, float]:
        self.made.append((model, fold.name))
        if model == self.breaks:
            raise RuntimeError("out of memory")
        path = predictions(self.folder, data.name, model, fold.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        shift = len(model) / 100
        np.save(path, 0.3 + shift + 0.2 * data.rows["label"].to_numpy()[fold.test])
        return TAKEN


@pytest.fixture
def fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fits:
    found = Fits(tmp_path)
    monkeypatch.setattr(quality, "FOLDER", tmp_path)
    monkeypatch.setattr(quality, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(quality, "_fit", found)
    monkeypatch.setattr(models, "code", lambda: "code1")
    return found


def measure(data: DataSet = DATA) -> list[str]:
    return quality.measure(data, FOLDS, ("net", "logistic"), threads=1)


def test_a_second_run_fits_nothing(fits: Fits) -> None:
    assert measure() == []
    assert len(fits.made) == 6
    measure()
    assert len(fits.made) == 6


def test_new_code_of_the_net_measures_the_net_again_and_no_peer(
    fits: Fits, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure()
    fits.made.clear()
    monkeypatch.setattr(models, "code", lambda: "code2")
    measure()
    assert fits.made == [("net", "1"), ("net", "2"), ("net", "3")]


def test_other_rows_and_lost_predictions_are_measured_again(
    fits: Fits, tmp_path: Path
) -> None:
    measure()
    fits.made.clear()
    predictions(tmp_path, "cell2cell", "logistic", "2").unlink()
    measure()
    assert fits.made == [("logistic", "2")]
    measure(DataSet("cell2cell", ROWS, FEATURES, "rows2", Path("none.json")))
    assert len(fits.made) == 7


def test_a_fit_that_fails_is_told_and_the_others_go_on(fits: Fits) -> None:
    fits.breaks = "net"
    assert measure()[0] == "cell2cell, net, fold 1: out of memory"
    known = results.read(quality.RESULTS)
    assert {model for _, model, _ in known.cells} == {"logistic"}
    fits.breaks = ""
    fits.made.clear()
    measure()
    assert fits.made == [("net", "1"), ("net", "2"), ("net", "3")]


def test_pooled_figures_compare_the_peers_that_are_whole(
    fits: Fits, tmp_path: Path
) -> None:
    measure()
    with results.changed(quality.RESULTS) as known:
        del known.cells["cell2cell", "logistic", "2"]
    refresh(DATA, FOLDS, tmp_path, quality.RESULTS)
    found = results.read(quality.RESULTS).pooled["cell2cell"]
    assert found.keys() == {"net"}
    measure()
    refresh(DATA, FOLDS, tmp_path, quality.RESULTS)
    found = results.read(quality.RESULTS).pooled["cell2cell"]
    assert found["logistic"]["less_net"]["roc_auc"] == [0, 0, 0]
    assert found["logistic"]["less_net"]["log_loss"][0] != 0
    assert found["net"]["mean"]["cpu_seconds"] == 1


def test_figures_of_a_peer_whose_predictions_are_elsewhere_stay(
    fits: Fits, tmp_path: Path
) -> None:
    measure()
    refresh(DATA, FOLDS, tmp_path, quality.RESULTS)
    before = results.read(quality.RESULTS).pooled["cell2cell"]["logistic"]
    predictions(tmp_path, "cell2cell", "logistic", "2").unlink()
    refresh(DATA, FOLDS, tmp_path, quality.RESULTS)
    assert results.read(quality.RESULTS).pooled["cell2cell"]["logistic"] == before
    predictions(tmp_path, "cell2cell", "net", "2").unlink()
    with results.changed(quality.RESULTS) as known:
        for fold in FOLDS:
            known.cells["cell2cell", "net", fold.name]["version"] = "code2"
    refresh(DATA, FOLDS, tmp_path, quality.RESULTS)
    after = results.read(quality.RESULTS).pooled["cell2cell"]
    assert "less_net" not in after["logistic"]
    assert after.keys() == {"logistic"}


def test_the_file_has_a_line_a_cell_and_is_not_written_after_an_error(
    tmp_path: Path,
) -> None:
    path = tmp_path / "results.json"
    with results.changed(path) as found:
        found.cells["telco", "net", "1"] = {"version": "a", "rows": "r", "brier": 0.1}
        found.cells["bank", "net", "1"] = {"version": "a", "rows": "r", "brier": 0.2}
    text = path.read_text()
    assert sum('"model": "net"' in line for line in text.splitlines()) == 2
    with pytest.raises(KeyError), results.changed(path) as found:
        del found.cells["telco", "net", "1"]
        raise KeyError
    assert path.read_text() == text
    known = results.read(path)
    assert known.has(("bank", "net", "1"), version="a", rows="r")
    assert not known.has(("bank", "net", "2"), version="a", rows="r")


def test_a_fit_in_a_process_of_its_own_predicts_the_rows_that_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made/cell2cell"
    made.mkdir(parents=True)
    ROWS.to_parquet(made / "model_input.parquet")
    (made / "feature_set.json").write_text(json.dumps(FEATURES))
    monkeypatch.setattr(quality, "FOLDER", tmp_path)
    taken = quality._fit(DATA, "logistic", FOLDS[1], 1)
    assert taken["tuning_seconds"] == 0 < taken["seconds"]
    found = np.load(predictions(tmp_path, "cell2cell", "logistic", "2"))
    assert found.shape == (20,)
    order = np.argsort(found)
    tenure = ROWS["tenure"].to_numpy()[FOLDS[1].test][order]
    assert (np.diff(tenure) > 0).all() or (np.diff(tenure) < 0).all()
