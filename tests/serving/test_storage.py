"""The room that is left where the service writes."""

from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.storage import Storage


def test_free_and_whole_room_are_told(tmp_path):
    metrics = Metrics()
    Storage(tmp_path, metrics).refresh()
    found = metrics.samples()
    free = found["churn_storage_free_bytes", ()]
    assert 0 < free <= found["churn_storage_size_bytes", ()]


def test_a_folder_that_is_gone_is_no_full_disk(tmp_path):
    metrics = Metrics()
    storage = Storage(tmp_path / "gone", metrics)
    storage.refresh()
    assert "No such file" in storage.problems()["storage"]
    assert ("churn_storage_free_bytes", ()) not in metrics.samples()
