"""`kedro churn status, history, promote, rollback, approve, summary`."""

import json

import pytest
from click.testing import CliRunner

from churn_pipeline.cli import churn, registry, summary
from churn_pipeline.release.ledger import champions
from churn_pipeline.release.proposal import Release
from churn_pipeline.release.store import ModelStore
from tests.conftest import ROOT
from tests.factories import tiny_artifact, tiny_refit
from tests.release.in_memory import reviewed

METRICS = {
    "roc_auc": 0.81,
    "roc_auc_low": 0.8,
    "roc_auc_high": 0.82,
    "profit": 1234.5,
    "log_loss": 0.4,
    "n_rows": 2000.0,
    "calibration_error": 0.021,
    "calibration_error_noise": 0.03,
    "threshold": 0.185,
    "contacted_share": 0.09,
    "recall": 0.5,
    "top_decile_lift": 2.5,
    "top_decile_lift_low": 2.25,
    "top_decile_lift_high": 2.75,
    "lift_at_capacity": 3.0,
    "coverage": 0.9,
    "coverage_of_churners": 0.913,
    "coverage_of_stayers": 0.897,
    "said_not_sure": 0.4,
    "ceiling_roc_auc": 0.85,
    "baselines.boosting.roc_auc": 0.79,
}


def _register(releases, version, *, approved=True, policy="auto", failed=()):
    reasons = () if approved else ("too few rows",)
    reigning = champions(releases.store.ledger.read())[-1:]
    artifact, against = tiny_artifact(version), (*reigning, None)[0]
    releases.register(
        Release(
            artifact,
            approved,
            reasons,
            METRICS,
            policy,
            against,
            review=reviewed(*failed),
        )
    )


def _run(*args):
    return CliRunner().invoke(churn, args, env={"COLUMNS": "100"})


@pytest.mark.parametrize("command", ["status", "summary"])
@pytest.mark.parametrize(
    ("args", "start"), [((), "`make run`"), (("-e", "shop"), "`kedro run --env shop`")]
)
def test_without_a_champion_a_command_fails_and_says_how_to_get_one(
    releases, command, args, start
):
    failed = _run(command, *args)
    assert failed.exit_code == 1
    assert failed.output == f"Error: no champion of tiny yet: start with {start}\n"


@pytest.mark.parametrize("command", ["status", "summary"])
def test_where_the_first_model_was_refused_or_waits_that_is_said(releases, command):
    _register(releases, "1", approved=False)
    assert "the gate refused 1.0.0: too few rows" in _run(command).output
    _register(releases, "2", policy="approval")
    assert "waits; run `kedro churn approve 1.0.1`" in _run(command).output


@pytest.mark.parametrize(
    ("args", "see"),
    [
        (("reject", "1", "--reason", "no"), "see `kedro churn status --env shop`"),
        (("rollback", "--reason", "no"), "see `kedro churn history --env shop`"),
        (("promote", "2"), "`kedro churn promote 1.0.1 --override --reason WHY --env"),
    ],
)
def test_a_refusal_names_commands_for_the_data_set_at_hand(releases, args, see):
    _register(releases, "1")
    _register(releases, "2", approved=False)
    refused = _run(*args, "--env", "shop")
    assert refused.exit_code == 1
    assert see in refused.output
    assert "--env" not in _run(*args).output


def test_before_the_first_champion_json_has_no_version(releases):
    answered = _run("status", "--json")
    assert (answered.exit_code, json.loads(answered.output)["version"]) == (0, None)


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
    assert "ada  refused 1.0.1 (2)\n    too few rows" in _run("history").output


def test_history_before_the_first_decision(releases):
    assert _run("history").output == "no decisions yet: start with `make run`\n"


def test_status_is_a_screen_in_words(releases):
    _register(releases, "1")
    _register(releases, "2")
    _register(releases, "3", approved=False)
    _register(releases, "4", policy="approval")
    assert _run("status", "--env", "shop").output.splitlines() == [
        "Champion of tiny: 1.0.1 (2), logistic",
        "  serves since  2026-01-04 00:00 UTC, promoted by ada: passed its gate, "
        "policy auto",
        "  fit on        200 rows",
        "  ROC AUC       0.810 (0.800 to 0.820); the ceiling is 0.850",
        "  log loss      0.400",
        "  calibration   off by 0.021; up to 0.030 is chance",
        "  profit        1,234.50 EUR a customer",
        "  lift          2.50 times the churners in the top 10% (2.25 to 2.75); 3.00 "
        "in the calls there is",
        "                time for",
        "  certainty     sure of 60% of the customers; not wrong about 91.3% of those "
        "who leave and 89.7% of",
        "                those who stay (90% stated)",
        "  threshold     0.185: calls 9% of the customers, 50% of those who leave",
        "  before it     1.0.0 (1); `kedro churn rollback --reason WHY --env shop` "
        "goes back",
        "  waiting       1.0.3 (4)",
        "  last refused  1.0.2 (3), 2026-01-05 00:00 UTC: too few rows",
        "  next          `kedro churn approve 1.0.3 --reason WHY --env shop`",
        "  all figures   `kedro churn status --json --env shop`",
    ]


def test_status_and_summary_tell_that_the_figures_are_of_the_model_before_its_refit(
    releases,
):
    measured = tiny_artifact("1")
    made = Release(
        tiny_refit(measured),
        True,
        (),
        METRICS,
        "auto",
        None,
        measured,
        review=reviewed(),
    )
    releases.register(made)
    status = _run("status").output.splitlines()
    assert status[2] == (
        "  fit on        300 rows, the 2,000 tested included; what follows was "
        "measured before that refit"
    )
    assert "\n  measured before its refit on all 300 rows\n" in _run("summary").output


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


def test_summary_shows_champion_baselines_ceiling_and_what_is_next(
    releases, monkeypatch
):
    monkeypatch.setattr(summary, "activation", lambda: "source .venv/bin/activate")
    _register(releases, "1")
    assert _run("summary", "--env", "shop").output.splitlines() == [
        "Champion of tiny: logistic 1.0.0 (1)",
        "",
        "               ROC AUC        interval   avg.  top 10%    log  calib."
        "   profit,",
        "                                        prec.     lift   loss   error"
        "  EUR each",
        "* logistic       0.810  0.800 to 0.820      -     2.50  0.400   0.021"
        "  1,234.50",
        "  boosting       0.790               -      -        -      -       -"
        "         -",
        "  true hazard    0.850               -      -        -      -       -"
        "         -",
        "* champion; all on 2,000 rows of the test split",
        "  profit of calls from the break-even on: 0.185 at the usual value",
        "  of its calibration error, up to 0.030 is chance",
        "",
        "Next:",
        "  source .venv/bin/activate      once in each shell, for `kedro`",
        "  make serve ENV=shop            answer requests on http://localhost:3000",
        "  make lab ENV=shop              open the notebooks in JupyterLab",
        "  make viz ENV=shop              look at pipelines, tables and plots in "
        "kedro-viz",
        "  kedro churn status --env shop  see which model serves, since when and why",
    ]


def test_summary_fits_a_narrow_terminal(releases):
    _register(releases, "1")
    lines = _run("summary").output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines == [line.rstrip() for line in lines]


def test_summary_shows_the_family_of_the_champion_once(releases, monkeypatch):
    monkeypatch.setitem(METRICS, "baselines.logistic.roc_auc", 0.7)
    _register(releases, "1")
    output = _run("summary").output
    assert "0.700" not in output
    assert "* logistic " in output


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
