"""What is served: a named folder, or the champion of a data set."""

import os
import socket

import pytest

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.__main__ import dataset_of, main
from churn_pipeline.serving.locate import load_champion
from tests.factories import tiny_artifact


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _release(dataset, version):
    artifact = tiny_artifact(version)
    record = Record(version=version, family="net", gate="approved", metrics={})
    store = ModelStore(f"data/06_models/{dataset}")
    store.add(artifact, record)
    store.point_to(version)


def test_a_named_folder_wins(here):
    _release("company", "released")
    tiny_artifact("named").save(here / "artifact")
    found = load_champion({"CHURN_ARTIFACT": str(here / "artifact")})
    assert found.manifest.version == "named"


def test_the_company_is_served_by_default(here):
    _release("company", "company-1")
    _release("telco", "telco-1")
    assert load_champion({}).manifest.version == "company-1"


def test_a_data_set_is_served_by_name(here):
    _release("company", "company-1")
    _release("telco", "telco-1")
    assert load_champion({"CHURN_DATASET": "telco"}).manifest.version == "telco-1"


def test_the_only_champion_is_served_without_a_name(here):
    _release("telco", "telco-1")
    assert load_champion({}).manifest.version == "telco-1"


def test_without_a_champion_it_says_what_to_do(here):
    with pytest.raises(ArtifactError, match=r"found none: .*run `make run`"):
        load_champion({})


def test_an_altered_artifact_is_not_served(here):
    tiny_artifact().save("artifact")
    (here / "artifact/model.onnx").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"expected model.onnx with sha256"):
        load_champion({"CHURN_ARTIFACT": "artifact"})


def test_an_environment_is_served_by_the_name_of_its_data_set(here):
    for env in ("base", "mine"):
        (here / "conf" / env).mkdir(parents=True)
        text = f"dataset:\n  name: {env}_data\n"
        (here / "conf" / env / "dataset.yml").write_text(text)
    assert dataset_of("mine") == "mine_data"
    assert dataset_of("local") == "base_data"


@pytest.fixture
def started(here, monkeypatch):
    """Calls of BentoML's server, which is not started."""
    for name in ("company", "telco"):
        _release(name, f"{name}-1")
        (here / "conf" / name).mkdir(parents=True)
        text = f"dataset: {{name: {name}}}\n"
        (here / "conf" / name / "dataset.yml").write_text(text)
    (here / "conf/company").rename(here / "conf/base")
    calls = []
    monkeypatch.setattr("os.execv", lambda *call: calls.append(call))
    monkeypatch.setattr("os.environ", {})
    return calls


@pytest.mark.parametrize(
    ("environment", "arguments", "served"),
    [
        ({}, [], "company-1"),
        ({"CHURN_DATASET": "telco"}, [], "telco-1"),
        ({"CHURN_DATASET": "company"}, ["--env", "telco"], "telco-1"),
        ({"CHURN_DATASET": "telco"}, ["--env", "local"], "company-1"),
        ({"CHURN_ARTIFACT": "nowhere"}, ["--env", "telco"], "telco-1"),
    ],
)
def test_a_named_environment_wins_over_variables(
    started, capsys, environment, arguments, served
):
    os.environ.update(environment)
    main(arguments)
    assert len(started) == 1
    assert load_champion().manifest.version == served
    assert f"model {served}" in capsys.readouterr().err


def test_serving_without_a_champion_ends_with_one_line(here, capsys, monkeypatch):
    monkeypatch.setenv("CHURN_DATASET", "nobody")
    (here / "conf/base").mkdir(parents=True)
    (here / "conf/base/dataset.yml").write_text("dataset: {name: company}\n")
    assert main([]) == 1
    assert "expected a champion to serve" in capsys.readouterr().err


def test_an_unknown_environment_is_not_served_as_another(started, capsys):
    assert main(["--env", "telc"]) == 1
    assert "no data set is called 'telc': expected one of telco" in (
        capsys.readouterr().err
    )
    assert not started


def test_a_port_that_is_taken_is_told_in_one_line(started, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--env", "telco", "--port", str(port)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"expected a free port, got 127.0.0.1:{port}")
    assert told.count("\n") == 1
    assert not started
