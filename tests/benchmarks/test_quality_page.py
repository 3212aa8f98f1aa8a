"""The page shows what was measured and names what was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.quality.page import TITLES, write_page
from benchmarks.quality.results import Results
from churn_pipeline.models.settings import TuningSettings

MEAN = {
    "roc_auc": 0.81,
    "seconds": 3.21,
    "cpu_seconds": 41.0,
    "tuning_seconds": 2.0,
    "tuning_cpu_seconds": 30.0,
}
SETS = {
    "telco": {
        "rows": 7043,
        "test_rows": 7043,
        "numbers": 3,
        "categories": 16,
        "churn_rate": 0.265,
    }
}


def figures(**more: Any) -> dict[str, Any]:
    return {
        "version": "v1",
        "threads": [1],
        "roc_auc": 0.80,
        "average_precision": 0.6,
        "log_loss": 0.4,
        "brier": 0.13,
        "calibration_error": 0.02,
        "calibration_band": 0.016,
        "calibration_slope": 0.973,
        "mean": MEAN,
        **more,
    }


def page(results: Results, folder: Path) -> str:
    write_page(results, folder / "page.md")
    return (folder / "page.md").read_text()


def test_what_is_missing_is_named_with_how_much_of_it(tmp_path: Path) -> None:
    cells = {("telco", "tabm", str(fold)): {} for fold in (1, 2)}
    text = page(Results(SETS, cells, {"telco": {"catboost": figures()}}), tmp_path)
    assert "tabm (2 of 5 folds)" in text
    assert "net (0 of 5 folds)" in text
    assert "Not measured yet: any model." in text.partition("## Online shop")[2]
    assert "$" not in text
    assert f"tuned in {TuningSettings().n_trials} trials" in text
    assert not (tmp_path / "page.svg").exists()


def test_the_overview_has_a_mean_only_of_what_is_measured_on_every_set(
    tmp_path: Path,
) -> None:
    whole = {name: {"catboost": figures(), "forest": figures()} for name in TITLES}
    del whole["bank"]["forest"]
    overview, _, _ = page(Results(SETS, {}, whole), tmp_path).partition("## Telco")
    one = "0.8000 / 0.4000 / 0.020"
    assert f"| catboost |{f' {one} |' * len(TITLES)} 0.8000 / 0.4000 |" in overview
    assert f"| forest | {one} |  |{f' {one} |' * (len(TITLES) - 2)}  |" in overview


def test_a_row_has_the_figures_the_band_and_the_share_of_tuning(tmp_path: Path) -> None:
    text = page(Results(SETS, {}, {"telco": {"catboost": figures()}}), tmp_path)
    assert (
        "| catboost | 0.8000 | 0.8100 | 0.6000 | 0.4000 | 0.1300 "
        "| 0.0200 (over 0.0160) | 0.97 | 3.2 | 41 (30) | 1 | v1 |"
    ) in text


def test_differences_that_chance_does_not_explain_are_bold(tmp_path: Path) -> None:
    less_net = {
        "roc_auc": [-0.01, -0.02, -0.005],
        "average_precision": [0.0, -0.01, 0.01],
        "log_loss": [0.003, 0.001, 0.004],
        "brier": [0.0, 0.0, 0.0],
    }
    models = {"net": figures(), "catboost": figures(less_net=less_net)}
    text = page(Results(SETS, {}, {"telco": models}), tmp_path)
    assert "**-0.0100 (-0.0200 to -0.0050)** | +0.0000 (-0.0100 to +0.0100) |" in text
    assert "(page.svg)" in text
    picture = (tmp_path / "page.svg").read_text()
    assert "catboost" in picture
    first = picture
    page(Results(SETS, {}, {"telco": models}), tmp_path)
    assert (tmp_path / "page.svg").read_text() == first
