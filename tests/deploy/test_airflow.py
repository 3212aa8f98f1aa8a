"""The DAGs are made, imported and run by a real Airflow of its own environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from churn_pipeline.runs import RunRecord, read_records
from tests.conftest import Project
from tests.deploy.mailbox import mailbox
from tests.deploy.tools import DEPLOY, ROOT, load

pytestmark = pytest.mark.airflow
BIN = ROOT / ".venv/airflow/bin"
FACTS = Path(__file__).with_name("airflow_dags.py")
KEDRO = Path(sys.executable).with_name("kedro")
CONF = load(ROOT / "conf/base/airflow.yml")
STEPS = ["data_validation", "feature_engineering", "scoring", "monitoring"]
WHO = "data@example.org"


class Airflow(NamedTuple):
    """An Airflow with a database of its own.

    Attributes:
        project: What the DAGs run.
        dags: Folder of the DAGs.
        env: Variables of its process.
    """

    project: Project
    dags: Path
    env: dict[str, str]

    def __call__(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / args[0]), *args[1:]],
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def test(self, dag: str, conf: dict[str, str], **env: str) -> tuple[int, str]:
        """Run a DAG to its end; return the exit status and all that was said."""
        done = self("airflow", "dags", "test", dag, "-c", json.dumps(conf), **env)
        return done.returncode, done.stdout + done.stderr

    @property
    def records(self) -> list[RunRecord]:
        return read_records(self.project.folder, "test")


def make_dags(project: Project, folder: Path, *more: str) -> None:
    """Make the DAGs as docs/airflow.md says."""
    template = str(DEPLOY / "airflow/dag.py.j2")
    project.kedro(
        *("airflow", "create", "--pipelines", "night,retraining"),
        *("--group-by", "namespace", "--jinja-file", template),
        *("--target-dir", str(folder), *more),
    )


@pytest.fixture(scope="module")
def airflow(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    if not (BIN / "airflow").exists():
        pytest.skip("needs Airflow: make .venv/airflow/ready")
    folder = tmp_path_factory.mktemp("airflow")
    project = trained.copy(folder / "project")
    make_dags(project, folder / "dags")
    own = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "CHURN_DATA_DIR": "",
        "CHURN_KEDRO": str(KEDRO),
        "CHURN_MAIL": WHO,
        "CHURN_PROJECT": str(project.folder),
    }
    made = Airflow(project, folder / "dags", os.environ | own)
    migrated = made("airflow", "db", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    return made


@pytest.fixture(scope="module")
def dags(airflow: Airflow) -> dict[str, Any]:
    """What Airflow makes of the DAGs."""
    told = airflow.dags.with_name("facts.json")
    done = airflow("python", str(FACTS), str(airflow.dags), str(told))
    assert done.returncode == 0, done.stderr
    facts = json.loads(told.read_text())
    assert facts["errors"] == {}
    return facts["dags"]


def test_the_night_waits_for_data_then_validates_scores_and_watches(
    dags: dict[str, Any],
) -> None:
    night = dags["churn_night"]
    assert (night["schedule"], night["catchup"], night["at_once"]) == (
        *("0 3 * * *", False, 1),
    )
    assert {name: task["after"] for name, task in night["tasks"].items()} == {
        "wait_for_data": [],
        "data_validation": ["wait_for_data"],
        "feature_engineering": ["data_validation"],
        "scoring": ["data_validation", "feature_engineering"],
        "monitoring": ["data_validation", "feature_engineering"],
        "finish_canary": sorted(STEPS),
    }
    assert night["tasks"]["wait_for_data"]["limit_s"] == 6 * 3600


def test_retraining_is_on_demand_and_wants_a_reason(dags: dict[str, Any]) -> None:
    retraining = dags["churn_retraining"]
    assert retraining["schedule"] is None
    assert retraining["params"] == {"env": "local", "reason": None}
    assert list(retraining["tasks"]) == ["retraining"]


@pytest.mark.parametrize("pipeline", ["night", "retraining"])
def test_a_task_has_tries_a_limit_resources_and_somebody_who_is_mailed(
    dags: dict[str, Any], pipeline: str
) -> None:
    conf, every = CONF[pipeline], CONF["default"]
    tasks = dags[f"churn_{pipeline}"]["tasks"]
    assert set(conf["minutes"]) == set(tasks) - {"wait_for_data"}
    for name, task in tasks.items():
        assert task["retries"] == every["retries"]
        assert (task["wait_s"], task["backs_off"]) == (
            60 * every["retry_minutes"],
            True,
        )
        assert task["mails"] == [WHO]
        if name in conf["minutes"]:
            needs = conf["resources"][name]
            assert task["limit_s"] == 60 * conf["minutes"][name]
            assert task["resources"] == {
                "cpu": str(needs["cpus"]),
                "memory": needs["memory"],
                "limit": needs["memory"],
            }


def test_airflow_runs_the_night(airflow: Airflow) -> None:
    hour_ago = time.time() - 3600
    for path in (airflow.project.folder / "data/01_raw/test").iterdir():
        os.utime(path, (hour_ago, hour_ago))
    before = len(airflow.records)
    status, said = airflow.test("churn_night", {"env": "test"})
    assert status == 0, said[-4000:]
    assert "nothing to finish: no canary is under way" in said
    ran = airflow.records[before:]
    assert sorted(r.request["pipeline_names"][0] for r in ran) == sorted(STEPS)  # type: ignore[index]
    assert {r.status for r in ran} == {"done"}


def test_airflow_runs_a_retraining_with_its_reason(airflow: Airflow) -> None:
    conf = {"env": "test", "reason": "new tariff; see mail"}
    status, said = airflow.test("churn_retraining", conf)
    assert status == 0, said[-4000:]
    last = airflow.records[-1]
    assert last.request["pipeline_names"] == ["retraining"]
    assert last.request["runtime_params"]["monitoring"] == {"reason": conf["reason"]}  # type: ignore[index]
    assert (last.status, last.done[-1]) == ("done", "retraining.propose_release")


@pytest.mark.parametrize(
    "conf", [{}, {"reason": "a, b"}, {"reason": "x", "env": "a b"}], ids=str
)
def test_airflow_refuses_a_retraining_without_a_plain_reason(
    airflow: Airflow, conf: dict[str, str]
) -> None:
    before = len(airflow.records)
    status, said = airflow.test("churn_retraining", conf)
    assert status != 0
    assert "ParamValidationError" in said
    assert len(airflow.records) == before


@pytest.mark.parametrize(
    ("attempt", "resumes", "called"),
    [
        ("1", "", ["run"]),
        ("2", "", ["churn resume"]),
        ("2", "nothing to resume", ["churn resume", "run"]),
    ],
)
def test_a_second_try_goes_on_where_the_first_was_killed(
    dags: dict[str, Any], tmp_path: Path, attempt: str, resumes: str, called: list[str]
) -> None:
    kedro, calls = tmp_path / "kedro", tmp_path / "calls"
    status = 1 if resumes else 0
    kedro.write_text(
        f'#!/bin/sh\necho "$*" >> {calls}\n'
        f'case "$1" in churn) exit {status} ;; esac\nexit 0\n'
    )
    kedro.chmod(0o755)
    given = {"TRY": attempt, "REASON": "tariff", "CHURN_ENV": "test"}
    command = dags["churn_retraining"]["tasks"]["retraining"]["command"]
    env = {**os.environ, **given, "CHURN_KEDRO": str(kedro)}
    subprocess.run(["bash", "-c", command], env=env, check=True, timeout=60)
    told = {
        "run": "run --env test --pipelines retraining --params "
        "monitoring.reason=tariff",
        "churn resume": "churn resume --env test --pipelines retraining",
    }
    assert calls.read_text().splitlines() == [told[name] for name in called]


def test_a_task_that_failed_for_good_mails(airflow: Airflow, tmp_path: Path) -> None:
    make_dags(airflow.project, tmp_path, "--params", "retries=0")
    with mailbox() as (port, letters):
        smtp = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "extra": {"disable_ssl": True, "disable_tls": True},
        }
        status, said = airflow.test(
            "churn_retraining",
            {"env": "test", "reason": "tariff"},
            AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path),
            AIRFLOW_CONN_SMTP_DEFAULT=json.dumps(smtp),
            CHURN_KEDRO="/bin/false",
        )
    assert status != 0, said[-4000:]
    (letter,) = letters
    assert f"To: {WHO}" in letter
    assert "churn_retraining" in letter
