"""What an import may cost and which way imports run."""

import subprocess
import sys

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


def test_importing_models_needs_neither_kedro_nor_pandas() -> None:
    code = (
        "import pkgutil, importlib, churn_pipeline.models as m\n"
        "for x in pkgutil.iter_modules(m.__path__, m.__name__ + '.'):\n"
        "    importlib.import_module(x.name)"
    )
    assert not modules_after(code) & {"kedro", "mlflow", "bentoml", "pandas", "ibis"}
