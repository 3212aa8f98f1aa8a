"""`kedro` starts quickly and quietly, and says what went wrong on one screen."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import Project

PROBE = """
import sys
from kedro.framework.cli import main
sys.argv = ["kedro", *sys.argv[1:]]
try:
    main()
finally:
    print(*sorted({m.split(".")[0] for m in sys.modules}))
"""


def test_an_untracked_command_does_not_import_mlflow(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "registry", "list"],
        cwd=project.folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "kedro" in done.stdout.split(), done.stderr
    assert "mlflow" not in done.stdout.split()


def test_kedro_mlflow_commands_are_still_there(project: Project) -> None:
    shown = project.kedro("mlflow", "--help").stdout
    assert "Opens the mlflow user interface" in shown


def test_an_unknown_data_set_is_named_with_the_known_ones(project: Project) -> None:
    failed = project.kedro("run", "--env", "telcoo", check=False)
    assert failed.returncode != 0
    assert "no data set is called 'telcoo'" in failed.stderr
    known = failed.stderr.split("expected one of ")[1].split(" (")[0].split(", ")
    assert "telco" in known
    assert not {"base", "test"} & set(known)
    assert "Traceback" not in failed.stderr


def test_an_unknown_pipeline_is_answered_with_the_near_one(project: Project) -> None:
    failed = project.kedro("run", "--pipelines", "trainin", check=False)
    assert "    training" in failed.stderr
    assert "`kedro registry list` shows" in failed.stderr


def simulated(project: Project, params: str) -> subprocess.CompletedProcess[str]:
    """Return how a run of `simulate` with other parameters ended."""
    command = ("run", "--env", "test", "--pipelines", "simulate", "--params", params)
    return project.kedro(*command, check=False)


def test_misspelt_parameters_are_named_with_the_near_one(project: Project) -> None:
    failed = simulated(project, "simulate.custmers=20")
    assert failed.returncode != 0
    assert "correct the key simulate in its parameters_*.yml" in failed.stderr
    assert "  expected keys out of customers, start, months" in failed.stderr
    assert "got 'custmers'; did you mean 'customers'?" in failed.stderr
    assert "pydantic" not in failed.stderr


def test_a_parameter_of_another_type_is_named_with_its_value(project: Project) -> None:
    failed = simulated(project, "simulate.customers=many")
    assert "customers\n  Input should be a valid integer" in failed.stderr
    assert "as an integer, got 'many'\n" in failed.stderr
    assert "pydantic" not in failed.stderr


def test_elsewhere_kedro_is_left_alone(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from churn_pipeline import startup

    (tmp_path / "pyproject.toml").write_text('[tool.kedro]\npackage_name = "other"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, startup.COMMANDS, raising=False)
    before = sys.excepthook
    startup.init()
    assert sys.excepthook is before
    assert startup.COMMANDS not in sys.modules
