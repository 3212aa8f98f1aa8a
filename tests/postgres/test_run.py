"""A whole run with runs, registry and study in PostgreSQL."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.conftest import Project
from tests.postgres.conftest import Server

pytestmark = pytest.mark.postgres


def test_a_whole_run_is_tracked_registered_and_tuned_in_postgresql(
    postgres: Server, project: Project
) -> None:
    tracking, studies = (postgres.new_database(n) for n in ("mlflow", "studies"))
    env = {"MLFLOW_TRACKING_URI": tracking, "CHURN_TUNING_STORAGE": studies}
    pipelines = "simulate,__default__"
    project.kedro("run", "--env", "test", "--pipelines", pipelines, **env)
    said = project.kedro("churn", "status", "--env", "test", "--json", **env).stdout
    version = json.loads(said)["version"]
    with psycopg.connect(tracking) as connection:
        cursor = connection.cursor()
        cursor.execute("select name, status from runs where name = %s", [version])
        assert cursor.fetchall() == [(version, "FINISHED")]
        cursor.execute(
            "select t.value from registered_model_aliases a join model_version_tags t "
            "on t.name = a.name and t.version = a.version and t.key = 'version' "
            "where a.alias = 'champion'"
        )
        assert cursor.fetchall() == [(version,)]
        cursor.execute("select count(*) from runs where name like 'trial %%'")
        assert cursor.fetchone() == (2,)
    with psycopg.connect(studies) as connection:
        found = connection.execute("select count(*) from trials").fetchone()
        assert found == (2,)
    assert not list(project.folder.rglob("*.db"))
