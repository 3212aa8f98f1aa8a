"""A data set of the benchmark is made again when what makes it has changed."""

from __future__ import annotations

import pytest

from benchmarks.quality import sets
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "part",
    [
        "features/build.py",
        "io/reading.py",
        "pipelines/feature_engineering/nodes.py",
        "pipelines/data_validation/nodes.py",
        "pipelines/simulate/nodes.py",
    ],
)
def test_the_stamp_of_a_set_changes_with_the_code_that_makes_it(
    part, tmp_path, monkeypatch
):
    package = ROOT / "src/churn_pipeline"
    assert (package / part).is_file()
    monkeypatch.setattr(sets, "ROOT", tmp_path)
    code = tmp_path / "src/churn_pipeline" / part
    code.parent.mkdir(parents=True)
    code.write_text("folds = 5", "utf-8")
    before = sets._stamp("telco")
    assert sets._stamp("telco") == before
    code.write_text("folds = 4", "utf-8")
    assert sets._stamp("telco") != before


def test_what_a_set_is_made_by_is_there():
    package = ROOT / "src/churn_pipeline"
    assert [part for part in sets._MADE_BY if not (package / part).exists()] == []
