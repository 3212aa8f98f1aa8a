"""The data sets as the project's own pipelines make them: `model_input` of each."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

ROOT = Path(__file__).parents[2]
RAW = Path(os.environ.get("CHURN_DATA_DIR", ROOT / "data/01_raw")).resolve()
ADOPTED = {
    "cards": (
        "BankChurners.csv",
        "--target=Attrition_Flag",
        "--positive=Attrited Customer",
        "--id=CLIENTNUM",
    ),
    "bigml": ("churn-bigml.csv", "--target=Churn", "--positive=True"),
    "iranian": ("Customer Churn.csv", "--target=Churn", "--positive=1"),
    "ecommerce": (
        "E Commerce Dataset.xlsx",
        "--sheet=E Comm",
        "--target=Churn",
        "--positive=1",
        "--id=CustomerID",
    ),
}
"""Public sets that the project was not made with: their file in the folder `adopted`
of the raw data, and what `kedro churn adopt` is told of it, and nothing else."""

SNAPSHOTS = {"telco": 5, "bank": 5, "cell2cell": 3, **dict.fromkeys(ADOPTED, 3)}
"""Data sets of one row a customer, and into how many folds they are cut."""

SETS = ("telco", "bank", "cell2cell", "retail", "company", *ADOPTED)
_PIPELINES = ("data_validation", "feature_engineering")
_MADE_BY = (
    "dataset.py",
    "feature.py",
    "features",
    "io",
    "simulation",
    "tables.py",
    "validation",
    *(f"pipelines/{name}" for name in ("simulate", *_PIPELINES)),
)
"""Files and folders of the package that a set's rows follow from."""

_CONFIGURED_BY = (
    "dataset",
    "globals",
    "parameters_data_validation",
    "parameters_feature_engineering",
    "parameters_simulate",
)


def at_hand() -> list[str]:
    """Return the sets, but for those to adopt whose file is not there."""
    there = RAW / "adopted"
    return [n for n in SETS if n not in ADOPTED or (there / ADOPTED[n][0]).is_file()]


@dataclass(frozen=True)
class DataSet:
    """One data set, ready to be cut into folds.

    Attributes:
        name: Its environment; `company` is the simulated one.
        rows: `model_input` without folds: of a snapshot in the order of its file and
            without `split`, of events those whose `split` is `train` or `test`.
        feature_set: The features' names and types, as plain values.
        digest: Short text that changes with the rows.
        parameters: File of its environment's parameters.
    """

    name: str
    rows: pd.DataFrame
    feature_set: dict[str, Any]
    digest: str
    parameters: Path

    def columns(self, kind: str) -> list[str]:
        """Return the names of the features of a type, `number` or `category`."""
        return [f["name"] for f in self.feature_set["features"] if f["type"] == kind]


def load(name: str, folder: Path) -> DataSet:
    """Return a data set, made by the project's pipelines where they have changed.

    Args:
        name: One of `SETS`.
        folder: Where the scratch project lies, or is made.
    """
    project = folder / "project"
    _copy_configuration(project)
    made, stamp = folder / "made" / name, _stamp(name)
    told = made / "stamp"
    if name in ADOPTED:
        file, *options = ADOPTED[name]
        path = str(RAW / "adopted" / file)
        _kedro(project, "churn", "adopt", name, path, "--force", *options)
    if not told.is_file() or told.read_text("utf-8") != stamp:
        _make(name, project, made)
        told.write_text(stamp, "utf-8")
    given = json.dumps(_context(name, project).config_loader["parameters"], default=str)
    (made / "parameters.json").write_text(given, "utf-8")
    return read(name, folder)


def read(name: str, folder: Path) -> DataSet:
    """Return a data set that `load` has made."""
    made = folder / "made" / name
    rows = pd.read_parquet(made / "model_input.parquet")
    hashed = pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes()
    return DataSet(
        name,
        rows,
        json.loads((made / "feature_set.json").read_text("utf-8")),
        hashlib.sha256(hashed).hexdigest()[:8],
        made / "parameters.json",
    )


def code_hash(paths: Iterable[Path]) -> str:
    """Return a short text that changes with the files, or those in the folders."""
    found = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(ROOT)}\0".encode())
                found.update(file.read_bytes())
    return found.hexdigest()[:8]


def parameters(data: DataSet) -> dict[str, Any]:
    """Return the parameters of the data set's environment, dates as text."""
    found: dict[str, Any] = json.loads(data.parameters.read_text("utf-8"))
    return found


def _environment(name: str) -> str:
    """Return the Kedro environment of a data set."""
    return "local" if name == "company" else name


def _stamp(name: str) -> str:
    source = ROOT / "src/churn_pipeline"
    code = [source / part for part in _MADE_BY]
    conf = [ROOT / "conf/base" / f"{part}.yml" for part in _CONFIGURED_BY]
    return code_hash([*code, *conf, ROOT / "conf" / _environment(name)])


def _copy_configuration(project: Path) -> None:
    """Make the scratch project's configuration that of this one."""
    shutil.copytree(ROOT / "conf", project / "conf", dirs_exist_ok=True)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, project / name)
    for name in ("logs", "src", *(layer.name for layer in (ROOT / "data").iterdir())):
        parent = project if name in ("logs", "src") else project / "data"
        (parent / name).mkdir(parents=True, exist_ok=True)


def _make(name: str, project: Path, made: Path) -> None:
    """Run the pipelines up to `model_input`, and keep what they made.

    Raises:
        RuntimeError: A pipeline fails, as it does without the raw file.
    """
    first = ("simulate",) if name == "company" else ()
    pipelines = ",".join((*first, *_PIPELINES))
    _kedro(project, "run", "--pipelines", pipelines, "--env", _environment(name))
    made.mkdir(parents=True, exist_ok=True)
    context = _context(name, project)
    rows = pd.read_parquet(_newest(project, name, "05_model_input/*/model_input"))
    if name in ADOPTED:
        rows = rows.sort_values("customer_id").drop(columns=["split", "fold"])
    else:
        rows = (_as_filed if name in SNAPSHOTS else _train_and_test)(rows, context)
    rows.to_parquet(made / "model_input.parquet", index=False)
    features = _newest(project, name, "04_feature/*/feature_set")
    shutil.copy(features, made / "feature_set.json")


def _kedro(project: Path, *command: str) -> None:
    """Run a command of Kedro in the scratch project.

    Raises:
        RuntimeError: It fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "kedro", *command],
        cwd=project,
        env=os.environ | {"CHURN_DATA_DIR": str(RAW), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")


def _newest(project: Path, name: str, pattern: str) -> Path:
    """Return the newest version of what a pipeline wrote."""
    layer, _, stem = pattern.partition("/*/")
    found = (project / "data" / layer / name).glob(f"{stem}.*/*/{stem}.*")
    return max(found)


def _as_filed(rows: pd.DataFrame, context: KedroContext) -> pd.DataFrame:
    """Return the rows in the order of the raw file, without the pipeline's split.

    Folds that are drawn by position are then those that anybody draws on the file.
    """
    conf: Any = context.config_loader
    path = Path(conf["catalog"]["raw_customers"]["filepath"])
    key = conf["parameters"]["dataset"]["tables"]["customers"]["customer_id"]
    filed = pd.read_csv(RAW / path.parent.name / path.name, usecols=[key], dtype=str)
    place = pd.Series(range(len(filed)), index=filed[key])
    order = rows["customer_id"].astype(str).map(place[~place.index.duplicated()])
    return rows.iloc[order.to_numpy().argsort()].drop(columns=["split", "fold"])


def _train_and_test(rows: pd.DataFrame, _: KedroContext) -> pd.DataFrame:
    """Return the rows that train and those of the newest mature date, which test."""
    return rows[rows["split"].isin(["train", "test"])].drop(columns="fold")


def _context(name: str, project: Path) -> KedroContext:
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    warnings.filterwarnings("ignore", message="register_new_resolver")
    bootstrap_project(project)
    return KedroSession.create(project, env=_environment(name)).load_context()
