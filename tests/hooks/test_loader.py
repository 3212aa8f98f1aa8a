"""What a run asks for changes that, and nothing beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from churn_pipeline.hooks.loader import ProjectConfigLoader
from churn_pipeline.settings import CONFIG_LOADER_ARGS
from tests.conftest import Project

LOOK = """
import json, sys
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

bootstrap_project(Path.cwd())
found = []
for asked in json.loads(sys.argv[1]):
    asked["today"] = "2026-01-01"
    with KedroSession.create(env="telco", runtime_params=asked) as session:
        context = session.load_context()
        typed = context.catalog.load("params:training")
        found.append([context.config_loader["parameters"], typed.tuning.n_trials])
print(json.dumps(found, default=str))
"""


def look(project: Project, *asked: dict[str, Any]) -> Any:
    """Return the parameters of a session in telco for each of some wishes."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(asked)],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_session_changes_single_values_of_base_and_of_its_environment(
    project: Project,
) -> None:
    asked = {
        "training": {"tuning": {"n_trials": 2}},  # a block of base
        "decision": {"capacity": 7},  # of telco, in place of base's
        "dataset": {"max_rejected_share": 0.2},  # of globals
    }
    (usual, _), (found, n_trials) = look(project, {}, asked)
    assert n_trials == 2
    assert usual["decision"]["customer_value"]["column"] == "MonthlyCharges"
    for block, values in asked.items():
        name, value = values.popitem()
        held = usual[block][name]
        usual[block][name] = {**held, **value} if isinstance(value, dict) else value
        assert usual[block][name] != held
    assert found == usual


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("trainin.tuning.n_trials=2", "got 'trainin'; did you mean 'training'?"),
        ("training.tunning.n_trials=2", "got 'tunning'; did you mean 'tuning'?"),
    ],
)
def test_a_misspelt_parameter_stops_a_run_and_the_near_name_is_told(
    project: Project, asked: str, said: str
) -> None:
    done = project.kedro("run", "--env", "telco", "--params", asked, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Return a configuration of two folders."""
    for env, text in {
        "base": "rows: 5\nhalf: {of: '${rows}', at: 1}\n",
        "shop": "colour: {hue: '${runtime_params:hue, red}', dark: true}\n",
    }.items():
        (tmp_path / env).mkdir()
        (tmp_path / env / "parameters.yml").write_text(text, "utf-8")
    return tmp_path


def load(conf: Path, **asked: object) -> dict[str, Any]:
    loader = ProjectConfigLoader(conf, "shop", asked, **CONFIG_LOADER_ARGS)
    return loader["parameters"]


def test_what_refers_to_a_parameter_follows_the_run(conf: Path) -> None:
    assert load(conf, rows=8, half={"at": 2}) == {
        "rows": 8,
        "half": {"of": 8, "at": 2},
        "colour": {"hue": "red", "dark": True},
    }


def test_the_refusal_says_where_parameters_stand(conf: Path) -> None:
    said = (
        r"--params\): expected keys out of colour, half, rows, got 'row'; did you mean "
        r"'rows'\?; .* conf/base/parameters\*.yml and conf/shop/parameters\*.yml"
    )
    with pytest.raises(ValueError, match=said):
        load(conf, row=8)
