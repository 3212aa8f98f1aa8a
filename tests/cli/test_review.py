"""`kedro churn review`, `approve` and `reject`: what was found, and who decides."""

import json
from dataclasses import replace

import pytest

from churn_pipeline.cli import registry, review
from churn_pipeline.release.governance import Governance
from churn_pipeline.serving.rollout.begin import begin_canary
from churn_pipeline.serving.rollout.spec import Canary
from churn_pipeline.serving.rollout.state import Rollout
from tests.cli.test_registry import _register, _run
from tests.release.in_memory import champion_of

APPROVERS = [{"name": "grace", "role": "approver"}]


@pytest.fixture
def account(releases, monkeypatch):
    """Make the commands run as an account, under the rules of a company."""

    def become(who, **rules):
        named = Governance.model_validate({"approvers": APPROVERS, **rules})
        acting = replace(releases, who=who, rules=named)
        for module in (registry, review):
            monkeypatch.setattr(module, "releases_of", lambda env: acting)

    become("ada")
    return become


def test_the_review_is_a_table_with_what_to_do_and_who_decides(releases, account):
    _register(releases, "1", failed=("bias: age",))
    output = _run("review", "1.0.0", "--env", "shop").output
    lines = output.splitlines()
    assert lines[0] == "1.0.0 (1): pending, submitted by ada"
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 24
    assert "bias: age" in output
    assert "failed" in output
    assert lines[-5:] == [
        "bias: age: look",
        "who may decide: grace (approver)",
        "  kedro churn approve 1.0.0 --reason WHY --env shop",
        "  kedro churn reject 1.0.0 --reason WHY --env shop",
        "all figures: kedro churn review 1.0.0 --json --env shop",
    ]


def test_the_review_as_json_has_every_figure(releases, account):
    _register(releases, "1", failed=("bias: age",))
    found = json.loads(_run("review", "1", "--json").output)
    assert found["state"] == "pending"
    assert found["submitted_by"] == "ada"
    assert found["approvers"] == {"grace": "approver"}
    assert found["failed"] == ["bias: age"]
    assert [f["outcome"] for f in found["findings"]] == ["passed", "failed"]


def test_somebody_who_is_not_named_is_refused_and_the_named_one_is_not(
    releases,
    account,
):
    _register(releases, "1", failed=("bias: age",))
    refused = _run("approve", "1.0.0", "--reason", "fine by me")
    assert refused.exit_code == 1
    assert "expected one with the role approver or admin (grace)" in refused.output
    assert "got ada, a person without a role" in refused.output
    account("grace")
    done = _run("approve", "1.0.0", "--reason", "ages differ in need")
    assert (done.exit_code, done.output) == (0, "champion is 1.0.0 (1)\n")
    assert champion_of(releases) == "1"
    assert _run("review", "1").output.startswith(
        "1.0.0 (1): champion, submitted by ada"
    )
    assert (
        "grace  approved 1.0.0 (1)\n    ages differ in need" in _run("history").output
    )


def test_the_submitter_is_refused_where_four_eyes_look(releases, account):
    _register(releases, "1", policy="approval")
    approvers = [{"name": "ada", "role": "admin"}]
    account("ada", approvers=approvers, four_eyes=True)
    refused = _run("approve", "1", "--reason", "mine")
    assert refused.exit_code == 1
    assert "expected another person than ada, who submitted it" in refused.output


def test_the_submitter_is_not_told_to_decide_where_four_eyes_look(releases, account):
    _register(releases, "1", failed=("bias: age",))
    ada = {"name": "ada", "role": "approver"}
    account("ada", approvers=[ada], four_eyes=True)
    alone = _run("review", "1").output
    assert (
        "who may decide: another person than ada, who submitted it "
        "(release.four_eyes): name one in release.approvers\n" in alone
    )
    assert "kedro churn approve" not in alone
    account("ada", approvers=[ada, *APPROVERS], four_eyes=True)
    two = _run("review", "1").output
    assert "who submitted it (release.four_eyes): grace (approver)\n" in two
    assert "kedro churn approve 1.0.0 --reason WHY" in two
    assert json.loads(_run("review", "1", "--json").output)["may_approve"] == ["grace"]


def test_who_only_rolls_back_is_not_told_to_decide(releases, account):
    _register(releases, "1", policy="approval")
    account("ada", approvers=[{"name": "omar", "role": "operator"}])
    shown = _run("review", "1").output
    assert "who may decide: nobody in release.approvers is approver" in shown
    assert "omar" not in shown
    assert "kedro churn approve" not in shown


def test_where_nobody_has_to_be_named_the_command_is_told(releases, account):
    _register(releases, "1", policy="approval")
    account("ada", approvers=[])
    assert "  kedro churn approve 1.0.0 --reason WHY" in _run("review", "1").output


def test_a_rejected_version_says_by_whom_and_why(releases, account):
    _register(releases, "1", policy="approval")
    account("grace")
    done = _run("reject", "1.0.0", "--reason", "too unlike")
    assert done.output == "rejected 1.0.0 (1)\n"
    shown = _run("review", "1").output
    assert shown.startswith(
        "1.0.0 (1): rejected by grace: too unlike, submitted by ada"
    )
    assert "kedro churn approve" not in shown
    assert "grace rejected 1.0.0: too unlike" in _run("status").output


def test_a_rejected_version_is_tried_on_nobody_any_more(releases, account, tmp_path):
    _register(releases, "1")
    _register(releases, "2", policy="canary")
    path = tmp_path / "rollout.json"
    begin_canary(path, "2", Canary(steps=(10, 100)), who="ada")
    account("grace")
    done = _run("reject", "2", "--reason", "too unlike")
    assert done.output == (
        "rejected 1.0.1 (2)\n2 was rejected; its experiment has ended\n"
    )
    state = Rollout(path).state
    assert (state.challenger, state.percentage, state.canary) == (None, 0, None)


def test_before_the_first_champion_a_pending_model_is_told(releases, account):
    _register(releases, "1", failed=("bias: age", "security: hashes"))
    for command in ("status", "summary"):
        output = _run(command).output
        assert (
            "1.0.0 waits for a named approver, for these checks failed: bias: age, "
            in (output)
        )
        assert "run `kedro churn review 1.0.0`" in output
    assert "left to an approver 1.0.0 (1)" in _run("history").output


def test_status_shows_what_failed_of_the_one_that_waits(releases, account):
    _register(releases, "1")
    _register(releases, "2", failed=("bias: age",))
    lines = _run("status").output.splitlines()
    assert "  waiting       1.0.1 (2), failed: bias: age" in lines
    assert "  next          `kedro churn review 1.0.1`" in lines
    found = json.loads(_run("status", "--json").output)
    assert found["failed_checks"] == {"2": ["bias: age"]}


def test_a_model_from_before_there_were_reviews_says_so(releases, account):
    _register(releases, "1")
    path = releases.store.folder / "registered/1/record.json"
    old = json.loads(path.read_text("utf-8")) | {"review": None}
    path.write_text(json.dumps(old), "utf-8")
    failed = _run("review", "1")
    assert failed.exit_code == 1
    assert "registered before there were any" in failed.output
