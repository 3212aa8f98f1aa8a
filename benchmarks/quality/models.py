"""Everything that is measured: this project's net first, then the peers."""

from __future__ import annotations

from importlib.metadata import version

from benchmarks.quality.ours import NET, code, fit_net
from benchmarks.quality.peers import PEERS, Model

_IMPORTS = ("churn_pipeline.pipelines.training.nodes", "churn_pipeline.models.tuning")
MODELS = {
    NET: Model(fit_net, "", (*_IMPORTS, "pytorch_lightning", "onnxruntime", "optuna")),
    **PEERS,
}


def version_of(name: str) -> str:
    """Return what a model's results stand for; another one is measured again.

    A peer's is its package and version, ours the hash of the net's code.
    """
    package = MODELS[name].package
    return f"{package} {version(package)}" if package else code()
