"""`kedro churn status, history, promote, rollback, approve, summary`."""

import json

import pytest
from click.testing import CliRunner

from churn_pipeline.cli import churn, registry, summary
from churn_pipeline.release.ledger import champions
from churn_pipeline.release.releases import Release, Releases
from churn_pipeline.release.store import ModelStore
from tests.conftest import ROOT
from tests.factories import tiny_artifact
from tests.release.in_memory import MemoryRegistry

METRICS = {
    "roc_auc": 0.81,
    "roc_auc_low": 0.8,
    "roc_auc_high": 0.82,
    "profit": 1234.5,
    "log_loss": 0.4,
    "n_rows": 2000.0,
    "ceiling_roc_auc": 0.85,
    "baselines.logistic.roc_auc": 0.79,
}


@pytest.fixture
def releases(tmp_path, monkeypatch):
    memory = MemoryRegistry()
    memory.dataset = "tiny"
    clock = iter(f"2026-01-0{day}T00:00:00+00:00" for day in range(1, 9))
    made = Releases(
        ModelStore(tmp_path / "models"), memory, who="ada", clock=lambda: next(clock)
    )
    for module in (registry, summary):
        monkeypatch.setattr(module, "releases_of", lambda env: made)
    return made


def _register(releases, version, *, approved=True, policy="auto"):
    reasons = () if approved else ("too few rows",)
    reigning = champions(releases.store.ledger.read())[-1:]
    artifact, against = tiny_artifact(version), (*reigning, None)[0]
    releases.register(Release(artifact, approved, reasons, METRICS, policy, against))


def _run(*args):
    return CliRunner().invoke(churn, args, env={"COLUMNS": "100"})


def test_status_before_the_first_champion(releases):
    assert "no champion yet" in _run("status").output
    assert json.loads(_run("status", "--json").output)["version"] is None


def test_status_gives_every_metric_by_its_name(releases):
    _register(releases, "1")
    found = json.loads(_run("status", "--json").output)
    assert found.items() >= {"version": "1", "who": "ada", **METRICS}.items()
    assert (found["challengers"], found["semantic_version"]) == ([], "1.0.0")


def test_status_and_history_read_as_a_person_would_say_it(releases):
    _register(releases, "1")
    _register(releases, "2", approved=False)
    for command in ("status", "history", "summary"):
        output = _run(command).output
        assert "None" not in output
        assert "[]" not in output
        assert max(map(len, output.splitlines())) <= 100
    assert "before it  no champion" in _run("status").output
    assert "ada  refused 1.0.1 (2)\n    too few rows" in _run("history").output


def test_history_before_the_first_decision(releases):
    assert _run("history").output == "no decisions yet: start with `kedro run`\n"


def test_status_for_people_leaves_out_ends_and_baselines(releases):
    _register(releases, "1")
    output = _run("status").output
    assert "0.8100 (0.8000 to 0.8200)" in output
    assert "2,000\n" in output
    assert "roc_auc_low" not in output
    assert "baselines" not in output


def test_status_tells_of_a_damaged_champion(releases):
    _register(releases, "1")
    (releases.store.folder / "released/1/model.onnx").write_bytes(b"")
    found = json.loads(_run("status", "--json").output)
    assert "model.onnx" in found["problem"]


def test_status_tells_of_a_release_that_was_broken_off(releases, monkeypatch):
    _register(releases, "1")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "point_to", killed)
        with pytest.raises(KeyboardInterrupt):
            _register(releases, "2")
    found = json.loads(_run("status", "--json").output)
    assert found["version"] == "1"
    assert "kedro churn promote 2" in found["problem"]
    assert "champion is 1.0.1 (2)" in _run("promote", "1.0.1").output


@pytest.mark.parametrize("command", ["status", "history", "summary"])
def test_a_lost_ledger_is_said_in_words(releases, command):
    _register(releases, "1")
    for path in (releases.store.ledger.path, releases.store.ledger.head):
        path.unlink()
        failed = _run(command)
        assert failed.exit_code == 1
        assert "ledger.jsonl" in failed.output
        assert "from a copy" in failed.output


def test_rollback_twice_goes_back_two(releases):
    for version in ("1", "2", "3"):
        _register(releases, version)
    assert "champion is 1.0.1 (2)" in _run("rollback", "--reason", "complaints").output
    assert "champion is 1.0.0 (1)" in _run("rollback").output
    third = _run("rollback")
    assert third.exit_code == 1
    assert "got 1 as the only one" in third.output


def test_history_says_who_when_and_why(releases):
    _register(releases, "1")
    _register(releases, "2")
    _run("rollback", "--reason", "complaints")
    entries = json.loads(_run("history", "--json").output)
    assert [entry["action"] for entry in entries] == [
        "register",
        "promote",
        "register",
        "promote",
        "rollback",
    ]
    assert entries[-1]["reason"] == "complaints"
    assert "complaints" in _run("history").output


def test_a_refused_version_is_promoted_only_with_override_and_reason(releases):
    _register(releases, "1", approved=False)
    refused = _run("promote", "1")
    assert refused.exit_code == 1
    assert "the gate refused 1.0.0 (1): too few rows" in refused.output
    bare = _run("promote", "1", "--override", "--reason", " ")
    assert (bare.exit_code, bare.output) == (
        1,
        "Error: --override needs --reason WHY\n",
    )
    done = _run("promote", "1", "--override", "--reason", "emergency")
    assert (done.exit_code, done.output) == (0, "champion is 1.0.0 (1)\n")


def test_approve_makes_a_waiting_version_champion(releases):
    _register(releases, "1", policy="approval")
    assert json.loads(_run("status", "--json").output)["challengers"] == ["1"]
    assert "champion is 1.0.0 (1)" in _run("approve", "1.0.0").output


def test_an_unknown_version_is_one_line_and_an_exit_code(releases):
    _register(releases, "1")
    failed = _run("promote", "7")
    assert failed.exit_code == 1
    assert "got '7'; there are 1.0.0 (1)" in failed.output


def test_summary_shows_champion_baselines_ceiling_and_what_is_next(releases):
    _register(releases, "1")
    output = _run("summary").output
    for part in ("Champion 1", "0.8100", "0.800 to 0.820", "logistic", "true hazard"):
        assert part in output
    assert "1,234.50" in output
    for command in ("make serve", "make lab", "make viz", "kedro churn status"):
        assert command in output


def test_summary_marks_the_family_of_the_champion_and_shows_it_once(
    releases, monkeypatch
):
    monkeypatch.setitem(METRICS, "baselines.boosting.roc_auc", 0.7)
    _register(releases, "1")
    lines = _run("summary").output.splitlines()
    assert [line.strip().split("  ")[0] for line in lines if "logistic" in line] == [
        "logistic (champion)"
    ]
    assert [line.split()[0] for line in lines if "0.7000" in line] == ["boosting"]


def test_summary_without_a_champion_fails(releases):
    assert _run("summary").exit_code == 1


def test_the_catalog_entry_of_an_environment_is_found(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(ROOT / "docs")
    found = registry.releases_of(None)
    assert found.store.folder == ROOT / "data/06_models/company"
    assert found.registry.model == "churn_company"
    assert found.registry.tracking_uri == f"sqlite:///{ROOT / 'mlflow.db'}"


def test_an_unknown_environment_is_refused(monkeypatch):
    monkeypatch.chdir(ROOT)
    failed = _run("status", "--env", "nowhere")
    assert failed.exit_code == 1
    assert "no data set is called 'nowhere'" in failed.output
