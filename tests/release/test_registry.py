"""The registry on a real MLflow database."""

import mlflow
import pytest

from churn_pipeline.release.registry import Registry
from tests.factories import tiny_artifact


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    yield Registry("tiny", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(before)


def test_versions_tags_and_aliases(registry):
    assert registry.aliases() == {}
    first, second = tiny_artifact("1"), tiny_artifact("2", seed=1)
    registry.register(first, {"roc_auc": "0.8"})
    registry.register(first, {"roc_auc": "0.9"})
    registry.register(second, {"gate": "refused"})
    registry.set_alias("champion", "1")
    registry.set_alias("challenger", "2")
    assert registry.aliases() == {"champion": "1", "challenger": "2"}
    registry.set_alias("challenger", None)
    registry.set_alias("challenger", None)
    assert registry.aliases() == {"champion": "1"}

    client = mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)
    found = client.search_model_versions("name = 'churn_tiny'")
    assert {(m.tags["version"], m.tags.get("roc_auc")) for m in found} == {
        ("1", "0.9"),
        ("2", None),
    }

    mlflow.set_tracking_uri(registry.tracking_uri)
    uri = "models:/churn_tiny@champion"
    folder = mlflow.artifacts.download_artifacts(uri, tracking_uri=None)
    assert type(first).load(folder).files == first.files
    info = mlflow.models.get_model_info(uri)
    assert info.signature.inputs.input_names() == [
        f.name for f in first.manifest.features
    ]
    assert mlflow.onnx.load_model(uri).SerializeToString() == first.files["model.onnx"]


def test_an_artifact_is_logged_to_the_active_run(registry):
    mlflow.set_tracking_uri(registry.tracking_uri)
    mlflow.set_experiment("another")
    with mlflow.start_run() as run:
        registry.register(tiny_artifact("1"), {})
    client = mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)
    (found,) = client.search_model_versions("name = 'churn_tiny'")
    assert found.run_id == run.info.run_id
