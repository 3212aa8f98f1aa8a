"""What the product promises, measured: a table of goals, and exit code 1 for a miss.

Runs the shipped default (the simulated company) and Telco in a project of its own, as
a newcomer would, and compares the probabilities of every door: the training side, the
command line, the HTTP service and a notebook. Telco's file is looked for in
CHURN_DATA_DIR, else in data/01_raw.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from churn_pipeline.release.artifact import Artifact

ROOT = Path(__file__).parents[1]
RAW = Path(os.environ.get("CHURN_DATA_DIR", ROOT / "data/01_raw")).resolve()
TELCO = RAW / "telco/WA_Fn-UseC_-Telco-Customer-Churn.csv"
SAME = 1e-6
NOTEBOOK = """
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
shell.run_line_magic("reload_ext", "churn_pipeline.notebook")
catalog = shell.user_ns["catalog"]
rows = catalog.load("model_input").query("split == 'test'")
answers = catalog.load("champion").predict(rows)
rows[["customer_id"]].assign(churn_probability=answers).to_parquet("notebook.parquet")
"""


class Goal(NamedTuple):
    """One promise: `measured` must be at least, or at most, `goal`."""

    what: str
    measured: float
    relation: str
    goal: float

    @property
    def ok(self) -> bool:
        """Whether it was reached; what is not a number was not."""
        if self.relation == "at least":
            return self.measured >= self.goal
        return self.measured <= self.goal


def main() -> int:
    """Print the table; return 1 where a goal was missed, else 0."""
    with tempfile.TemporaryDirectory() as scratch:
        project = new_project(Path(scratch) / "project")
        goals = [*company_goals(project), *telco_goals(project)]
    width = max(len(goal.what) for goal in goals)
    for goal in goals:
        print(
            f"{goal.what:<{width}}  {goal.measured:>10.3g}  {goal.relation:<8} "
            f"{goal.goal:<8.3g} {'ok' if goal.ok else 'MISSED'}"
        )
    return 0 if all(goal.ok for goal in goals) else 1


def company_goals(project: Path) -> Iterator[Goal]:
    """Yield what is promised of the shipped default."""
    start = time.perf_counter()
    kedro(project, "run", "--pipelines", "simulate,__default__")
    yield Goal("company: minutes", (time.perf_counter() - start) / 60, "at most", 5)
    metrics = status(project, "local")
    share = metrics["share_of_ceiling"]
    yield Goal("company: share of the way to the ceiling", share, "at least", 0.97)


def telco_goals(project: Path) -> Iterator[Goal]:
    """Yield what is promised of Telco: no worse than logistic, every door alike."""
    kedro(project, "run", "--env", "telco")
    metrics = status(project, "telco")
    logistic = metrics["baselines.logistic.roc_auc"]
    yield Goal(
        "telco: ROC AUC against logistic", metrics["roc_auc"], "at least", logistic
    )
    rows = newest(project, "05_model_input", "model_input")
    rows = rows[rows["split"] == "test"].set_index("customer_id")
    features = rows.drop(columns=["label", "split", "fold"])
    # What serves is fit again on all rows: its own answers are the training side's.
    folder = project / "data/06_models/telco/registered" / metrics["version"]
    expected = pd.Series(Artifact.load(folder / "artifact").predict(rows), rows.index)
    for door, answers in {
        "kedro churn score": scored(project),
        "/predict_batch": served(project, features),
        "notebook": in_notebook(project),
    }.items():
        apart = float((answers.loc[expected.index] - expected).abs().max())
        yield Goal(f"telco: {door} against the training side", apart, "at most", SAME)


def scored(project: Path) -> pd.Series[float]:
    """Return the probabilities of the whole file from the command line."""
    kedro(project, "churn", "score", "--env", "telco", str(TELCO), "scores.parquet")
    found = pd.read_parquet(project / "scores.parquet").set_index("customerID")
    return found["churn_probability"]


def served(project: Path, rows: pd.DataFrame) -> pd.Series[float]:
    """Return the probabilities of some feature rows from a real server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    add = ["churn", "keys", "add", "acceptance", "--role", "predict"]
    key = kedro(project, *add, "--env", "telco").strip()
    command = [sys.executable, "-m", "churn_pipeline.serving", "--env", "telco"]
    with (project / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--port", port], cwd=project, stdout=log, stderr=log
        )
    try:
        wait_for(int(port))
        features = rows.drop(columns="observation_date").to_json(orient="records")
        answer = ask(int(port), "/predict_batch", features, key)
    finally:
        server.terminate()
        server.wait(60)
    found = json.loads(answer)["predictions"]
    return pd.Series([one["churn_probability"] for one in found], rows.index)


def wait_for(port: int, seconds: float = 90) -> None:
    """Return once the service is ready.

    Raises:
        TimeoutError: It is not after so many seconds.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            ask(port, "/readyz")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"expected the service to be ready within {seconds:g} s")


def ask(port: int, path: str, body: str | None = None, key: str = "") -> bytes:
    """Return what the service answers.

    Raises:
        OSError: It does not answer, or not with 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    connection.request("POST" if body else "GET", path, body, headers)
    answer = connection.getresponse()
    found = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"expected 200 of {path}, got {answer.status}: {found[:300]!r}")
    return found


def in_notebook(project: Path) -> pd.Series[float]:
    """Return the probabilities of the test split from a notebook's kernel."""
    env = os.environ | {"KEDRO_ENV": "telco", "IPYTHONDIR": str(project / "ipython")}
    run([sys.executable, "-c", NOTEBOOK], project / "notebooks", env)
    found = pd.read_parquet(project / "notebook.parquet").set_index("customer_id")
    return found["churn_probability"]


def new_project(folder: Path) -> Path:
    """Return a copy of the configuration, without data."""
    for name in ("conf", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("logs", "src"):
        (folder / name).mkdir()
    for layer in (ROOT / "data").iterdir():
        (folder / "data" / layer.name).mkdir(parents=True)
    return folder


def kedro(project: Path, *arguments: str) -> str:
    """Return what a kedro command printed."""
    env = os.environ | {"CHURN_DATA_DIR": str(RAW)} if "telco" in arguments else None
    return run([sys.executable, "-m", "kedro", *arguments], project, env)


def run(command: list[str], folder: Path, env: dict[str, str] | None) -> str:
    """Return what a command printed; end with its words where it fails."""
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def status(project: Path, env: str) -> dict[str, Any]:
    """Return what is known of the champion."""
    found: dict[str, Any] = json.loads(
        kedro(project, "churn", "status", "--json", "--env", env)
    )
    return found


def newest(project: Path, layer: str, name: str) -> pd.DataFrame:
    """Return the newest version of a Telco table."""
    folder = project / "data" / layer / "telco" / f"{name}.parquet"
    return pd.read_parquet(max(folder.iterdir()) / f"{name}.parquet")


if __name__ == "__main__":
    sys.exit(main())
