"""Fixed cost of `kedro run`: this project against a stock kedro + kedro-mlflow one.

Both have the same pipeline of two nodes that do nothing, run in turn in the same
environment of packages. Prints the median seconds of each and the ratio (goal: 0.5).
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 7
NODES = """
from kedro.pipeline import Pipeline, node


def first():
    return 1


def second(x):
    return x


def create_pipeline(**kwargs):
    return Pipeline(
        [
            node(first, None, "a", name="first"),
            node(second, "a", "b", name="second"),
        ]
    )
"""
REGISTRY = """
from kedro.framework.project import find_pipelines


def register_pipelines():
    return find_pipelines()
"""


def stock_project(folder: Path) -> Path:
    """Write the project that `kedro new` and `kedro mlflow init` give, bare."""
    package = folder / "src" / "stock"
    files = {
        folder / "pyproject.toml": "[tool.kedro]\npackage_name = 'stock'\n"
        "project_name = 'stock'\nkedro_init_version = '1.7.0'\nsource_dir = 'src'\n",
        folder / "conf/base/catalog.yml": "{}\n",
        folder / "conf/base/mlflow.yml": "server:\n"
        "  mlflow_tracking_uri: sqlite:///mlflow.db\n",
        folder / "conf/local/credentials.yml": "{}\n",
        package / "__init__.py": "",
        package / "settings.py": "",
        package / "pipeline_registry.py": REGISTRY,
        package / "pipelines/__init__.py": "",
        package / "pipelines/noop/__init__.py": NODES,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def our_project(folder: Path) -> Path:
    """Copy this project and add the same pipeline."""
    for name in ("conf", "src"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "logs").mkdir()
    noop = folder / "src/churn_pipeline/pipelines/noop"
    noop.mkdir()
    (noop / "__init__.py").write_text(NODES, "utf-8")
    return folder


def seconds(project: Path) -> float:
    """Return the wall seconds of one `kedro run` of the two nodes."""
    env = os.environ | {"PYTHONPATH": str(project / "src"), "DO_NOT_TRACK": "1"}
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "noop"]
    start = time.perf_counter()
    subprocess.run(command, cwd=project, env=env, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Time both projects in turn, after one run of each that is not counted."""
    with tempfile.TemporaryDirectory() as scratch:
        projects = {
            "ours": our_project(Path(scratch) / "ours"),
            "stock": stock_project(Path(scratch) / "stock"),
        }
        times: dict[str, list[float]] = {name: [] for name in projects}
        for run in range(RUNS + 1):
            for name, project in projects.items():
                took = seconds(project)
                if run:
                    times[name].append(took)
    median = {name: statistics.median(took) for name, took in times.items()}
    print("kedro run of two nodes that do nothing, median of", RUNS)
    for name, value in median.items():
        print(f"  {name:<6}{value:6.2f} s")
    print(f"  ratio {median['ours'] / median['stock']:6.2f}  (goal: at most 0.50)")


if __name__ == "__main__":
    main()
