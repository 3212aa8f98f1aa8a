"""`kedro churn replay-history`: what it tells, and whole files or none."""

import json

import pytest
from click.testing import CliRunner

from churn_pipeline.cli import replay_history as command
from churn_pipeline.replay import run
from tests.replay.conftest import parameters
from tests.replay.results import replayed


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Return what runs the command on a history that was replayed, and its settings."""
    seen = []

    def call(*args, replay=lambda world, settings: replayed()):
        def record(world, settings):
            seen.append(settings)
            return replay(world, settings)

        monkeypatch.setattr(run, "replay", record)
        found = CliRunner().invoke(
            command.replay_history, ["--out", str(tmp_path / "out"), *args]
        )
        return found, seen

    monkeypatch.setattr(command, "project_folder", lambda: tmp_path)
    monkeypatch.setattr(command, "_loaded", lambda project, env: (parameters(), None))
    monkeypatch.setattr(command, "_world", lambda settings, catalog: None)
    return call


def test_json_tells_what_was_recovered_and_how_often_models_were_made(asked):
    found, _ = asked("--json")
    told = json.loads(found.stdout)
    assert told["profit_recovered"] == pytest.approx(0.9)
    assert (told["retrainings"], told["retrainings_monthly"]) == (1, 1)
    assert [month["date"] for month in told["months"]] == ["2026-01-01", "2026-02-01"]


def test_options_go_before_what_is_written(asked):
    _, (settings,) = asked("--months", "5", "--customers", "300", "--seed", "7")
    assert (settings.replay.steps, settings.replay.customers) == (5, 300)
    assert settings.seed == 7


def test_it_says_what_the_loop_did_and_where_the_files_are(asked, tmp_path):
    found, _ = asked()
    assert "recovered: 90%" in " ".join(found.output.split())
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["replay.json", "replay.svg"]


def test_a_replay_that_breaks_off_writes_nothing_and_says_why(asked, tmp_path):
    def breaks(world, settings):
        raise ValueError("expected a history of 4 steps or more, got 1")

    found, _ = asked(replay=breaks)
    assert found.exit_code == 1
    assert "Error: expected a history of 4 steps" in found.output
    assert not (tmp_path / "out").exists()
