"""The password of a URL is written nowhere."""

from __future__ import annotations

import logging

import pytest
from click import ClickException

from churn_pipeline.cli.resume import _refuse_masked
from churn_pipeline.masking import MaskingFormatter, mask
from churn_pipeline.runs import RunRecord
from tests.conftest import Project


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:p@ss:w@db:5432/x", "postgresql://ann:***@db:5432/x"),
        ("redis://:secret@cache", "redis://:***@cache"),
        ("postgresql+psycopg://a:b@h/x?y=1", "postgresql+psycopg://a:***@h/x?y=1"),
        ("http://localhost:5000/a@b", "http://localhost:5000/a@b"),
        ("sqlite:///tuning.db", "sqlite:///tuning.db"),
    ],
)
def test_only_the_password_of_a_url_is_masked(url: str, shown: str) -> None:
    assert mask({"a": [{"b": url}, 1]}) == {"a": [{"b": shown}, 1]}


def test_a_log_shows_no_password_even_in_a_traceback() -> None:
    try:
        raise ValueError("cannot reach postgresql://ann:secret@db/x")
    except ValueError as error:
        trace = (type(error), error, error.__traceback__)
    record = logging.LogRecord("a", logging.ERROR, "", 1, "stopped", None, trace)
    line = MaskingFormatter("%(message)s").format(record)
    assert "secret" not in line
    assert "ValueError: cannot reach postgresql://ann:***@db/x" in line


def test_the_log_of_a_command_that_fails_has_no_password(project: Project) -> None:
    asked = "postgresql://ann:secret@db/x"  # no pipeline is called so, as it is told
    failed = project.kedro("run", "--env", "test", "--pipelines", asked, check=False)
    assert failed.returncode == 1
    log = (project.folder / "logs/run.log").read_text("utf-8")
    assert "postgresql://ann:***@db/x" in failed.stderr
    assert "postgresql://ann:***@db/x" in log
    assert "secret" not in failed.stderr + log


def test_a_run_whose_password_is_not_kept_does_not_go_on_without_it() -> None:
    storage = mask("postgresql://ann:secret@db/x")
    request = {"runtime_params": {"training": {"tuning": {"storage": storage}}}}
    with pytest.raises(ClickException, match="got a URL whose password is not kept"):
        _refuse_masked(RunRecord(version="v", dataset="x", request=request))
