"""What the protocol tells of the service and of its models."""

from __future__ import annotations

from typing import Any

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.serving.contract import CUSTOMER_ID
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.oip.tensors import BOOL, TEXT
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.refusal import refusal, shortened
from churn_pipeline.serving.routing import OUTSIDE, Alone, Router, Routes

SERVER = "churn"
PLATFORM = "onnx_onnxv1"
OUTPUTS = {
    "churn_probability": "FP64",
    "decision": TEXT,
    "kept_aside": BOOL,
    "threshold": "FP64",
    "model_version": TEXT,
    "variant": TEXT,
}
"""Output -> datatype, each of shape [n]."""

PROPERTIES = {
    "missing_number": "NaN",
    "missing_text": "empty BYTES",
    "optional_inputs": CUSTOMER_ID,
    "threshold_of_who_is_never_called": "NaN",
}


def server_metadata(models: Models) -> dict[str, Any]:
    """Return name and version of the service; the version is its champion's."""
    return {"name": SERVER, "version": models.champion.version, "extensions": []}


def model_metadata(models: Models, name: str, version: str) -> dict[str, Any]:
    """Return the inputs and outputs of a model.

    Raises:
        Refusal: 404: there is no such model, or no such version at hand.
    """
    model = found(models, name, version)
    inputs = [
        _tensor(feature.name, "FP64" if feature.type == "number" else TEXT)
        for feature in model.artifact.manifest.inputs
    ]
    return {
        "name": name,
        "versions": [models.champion.version, *models.others],
        "platform": PLATFORM,
        "inputs": [*inputs, _tensor(CUSTOMER_ID, TEXT)],
        "outputs": [_tensor(*output) for output in OUTPUTS.items()],
        "properties": dict(PROPERTIES),
    }


def found(models: Models, name: str, version: str) -> Predictor:
    """Return a model; the champion where no version is asked for.

    Raises:
        Refusal: 404: there is no such model, or no such version at hand.
    """
    champion = models.champion
    if name != champion.dataset:
        raise refusal(
            404,
            "unknown_model",
            expected=f"the model {champion.dataset}",
            received=shortened(name),
        )
    model = models.get(version) if version else champion
    if model is None:
        versions = ", ".join((champion.version, *models.others))
        raise refusal(
            404,
            "unknown_version",
            expected=f"no version, or one of {versions}",
            received=shortened(version),
        )
    return model


def is_ready(model: Predictor) -> bool:
    """Return whether a model answers its golden rows as when it was made."""
    try:
        model.artifact.check()
    except ArtifactError:
        return False
    return True


def routes(models: Models, router: Router, name: str, version: str) -> Routes:
    """Return who answers: whom the rollout chooses, or the version that is asked for.

    Who asks for a version takes no part in an experiment.

    Raises:
        Refusal: 404: there is no such model, or no such version at hand.
    """
    model = found(models, name, version)
    return Alone(model, OUTSIDE) if version else router


def _tensor(name: str, datatype: str) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1]}
