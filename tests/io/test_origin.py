"""The data that the champion was made from, whatever was written since."""

import pandas as pd
import pytest
from kedro.io import AbstractDataset, DatasetError

from churn_pipeline.io.origin import DataOfChampion
from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.runs import RunRecord, record_path
from tests.factories import tiny_artifact

OLD, NEW = "2026-01-01T00.00.00.000Z", "2026-02-01T00.00.00.000Z"


@pytest.fixture
def project(tmp_path):
    """A champion of the version NEW, and model_input of both versions."""
    store = ModelStore(tmp_path / "data/06_models/tiny")
    record = Record(version=NEW, family="logistic", gate="approved", metrics={})
    store.add(tiny_artifact(NEW), record)
    store.point_to(NEW)
    for version in (OLD, NEW):
        _table(tmp_path, version).save(pd.DataFrame({"made": [version]}))
    return tmp_path


def _entry(project):
    return {
        "type": "pandas.ParquetDataset",
        "filepath": str(project / "data/05_model_input/tiny/model_input.parquet"),
    }


def _table(project, version):
    config = {**_entry(project), "versioned": True}
    return AbstractDataset.from_config("model_input", config, version, version)


def _of_champion(project):
    return DataOfChampion(
        path=str(project / "data/06_models/tiny"),
        name="model_input",
        dataset=_entry(project),
    )


def test_the_version_that_the_run_at_work_read_is_loaded(project):
    run = RunRecord(version=NEW, dataset="tiny", loads={"model_input": OLD})
    run.save(project)
    assert run.status == "running"
    assert _of_champion(project).load()["made"].tolist() == [OLD]


def test_without_a_record_it_is_the_version_of_the_champion(project):
    _table(project, "2026-03-01T00.00.00.000Z").save(pd.DataFrame({"made": ["later"]}))
    assert _of_champion(project).load()["made"].tolist() == [NEW]
    assert _of_champion(project).exists()


def test_data_that_is_gone_is_an_error_that_says_what_to_do(project):
    gone = "2025-12-01T00.00.00.000Z"
    loads = {"model_input": gone}
    RunRecord(version=NEW, dataset="tiny", loads=loads).save(project)
    with pytest.raises(DatasetError, match=rf"no reference: .*{gone}.* train again"):
        _of_champion(project).load()
    assert not _of_champion(project).exists()


def test_a_damaged_record_of_the_run_is_an_error_that_says_what_to_do(project):
    RunRecord(version=NEW, dataset="tiny").save(project)
    record_path(project, "tiny", NEW).write_text("{")
    with pytest.raises(DatasetError, match=r"runs/2026-02.* got one that .* restore"):
        _of_champion(project).load()


def test_before_the_first_champion_there_is_none(tmp_path):
    assert _of_champion(tmp_path).load() is None
    assert not _of_champion(tmp_path).exists()


def test_it_is_not_written_to(project):
    with pytest.raises(DatasetError, match="write to model_input"):
        _of_champion(project).save(pd.DataFrame({"made": [1]}))
