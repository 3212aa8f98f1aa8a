"""The registry on a real MLflow database."""

from pathlib import Path

import mlflow
import pytest

from churn_pipeline.release.registry import Registry, RegistryError
from tests.factories import tiny_artifact, tiny_refit


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


def test_a_refit_is_kept_with_what_was_measured(registry):
    measured = tiny_artifact("1")
    served = tiny_refit(measured)
    registry.register(served, {}, measured)
    mlflow.set_tracking_uri(registry.tracking_uri)
    folder = Path(mlflow.artifacts.download_artifacts("models:/churn_tiny/1"))
    assert type(served).load(folder).files == served.files
    assert type(served).load(folder / "measured").files == measured.files


def test_an_artifact_is_logged_to_the_active_run(registry):
    mlflow.set_tracking_uri(registry.tracking_uri)
    mlflow.set_experiment("another")
    with mlflow.start_run() as run:
        registry.register(tiny_artifact("1"), {})
    client = mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)
    (found,) = client.search_model_versions("name = 'churn_tiny'")
    assert found.run_id == run.info.run_id


def test_a_version_is_found_by_the_number_that_mlflow_gave_it(registry):
    assert registry.version_of("1") is None
    registry.register(tiny_artifact("1.b"), {})
    registry.register(tiny_artifact("2.a", seed=1), {})
    found = [registry.version_of(number) for number in ("1", "2", "3")]
    assert found == ["1.b", "2.a", None]


def test_the_seal_of_each_ledger_is_kept_once_something_is_registered(registry):
    registry.set_seal("a" * 64, "1 first")
    assert registry.seal("a" * 64) is None
    registry.register(tiny_artifact("1"), {})
    assert registry.seal("a" * 64) is None
    registry.set_seal("a" * 64, "1 first")
    registry.set_seal("b" * 64, "7 other")
    registry.set_seal("a" * 64, "2 second")
    assert registry.seal("a" * 64) == "2 second"
    assert registry.seal("b" * 64) == "7 other"


@pytest.mark.parametrize(
    "uri", ["http://ada:secret@127.0.0.1:9", "sqlite:////dev/null/mlflow.db"]
)
def test_a_server_out_of_reach_is_named_without_its_password(monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    registry = Registry("tiny", uri)
    with pytest.raises(RegistryError, match=r"expected MLflow at .* to answer") as told:
        registry.aliases()
    assert "secret" not in str(told.value)
    assert "MLFLOW_TRACKING_URI" in str(told.value)
