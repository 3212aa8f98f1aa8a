"""What an import may cost and which way imports run."""

import re
import subprocess
import sys
from importlib.metadata import requires

import pytest

HEAVY = {
    "torch",
    "pytorch_lightning",
    "mlflow",
    "evidently",
    "bentoml",
    "sklearn",
    "plotly",
    "optuna",
    "onnxruntime",
    "fairlearn",
}


def modules_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh process has after running code."""
    show = f"{code}\nimport sys; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", show], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import churn_pipeline.settings",
        "import churn_pipeline.cli",
        "from kedro.framework.project import configure_project;"
        "configure_project('churn_pipeline');"
        "from churn_pipeline.pipeline_registry import register_pipelines;"
        "assert len(register_pipelines()) >= 8",
    ],
    ids=["settings", "cli", "all pipelines"],
)
def test_registering_everything_imports_nothing_heavy(code: str) -> None:
    assert not modules_after(code) & HEAVY


FIT_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1:]))  # importing one of them fails
import pkgutil, importlib, churn_pipeline.models as models
for module in pkgutil.iter_modules(models.__path__, models.__name__ + "."):
    importlib.import_module(module.name)
import numpy as np
from churn_pipeline.models.classifier import Rows
from churn_pipeline.models.net_model import train_net
from churn_pipeline.models.settings import BoostingSettings, FitSettings, NetSettings
numbers, row = np.eye(40, 2, dtype=np.float32), np.arange(40)
rows = Rows(numbers, np.zeros((40, 0), np.int64), row % 2.0, row // 20)
net, fit = NetSettings(members=2), FitSettings(max_epochs=1, accelerator="cpu")
train_net(rows, (), net=net, fit=fit, boosting=BoostingSettings(), seed=0)
"""
FOR_MODELS = {"torch", "pytorch_lightning", "scikit_learn", "numpy"}
# Scikit-learn needs the first, Lightning takes the others where they are installed.
THEIRS = {"threadpoolctl", "rich", "matplotlib"}


def test_a_net_is_fit_with_torch_lightning_numpy_and_scikit_learn_alone() -> None:
    declared = [re.match(r"[\w-]+", text) for text in requires("churn-pipeline") or ()]
    names = {found[0].replace("-", "_").lower() for found in declared if found}
    names = {{"ibis_framework": "ibis"}.get(name, name) for name in names}
    absent = names - FOR_MODELS - THEIRS
    assert {"kedro", "pandas", "psutil", "optuna", "ibis"} <= absent
    done = subprocess.run(
        [sys.executable, "-c", FIT_WITHOUT, *absent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
