"""What the service is measured beside, each as people write it, on the same model.

`bare`: FastAPI, a pydantic model, ONNX Runtime, uvicorn; nothing else. `stock`: a
BentoML service with the same pydantic model, as its documentation has it.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
from pydantic import BaseModel

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.contract import customer_model

ARTIFACT = "CHURN_ARTIFACT"


class Model:
    """The model without anything around it."""

    def __init__(self) -> None:
        """Load it on one thread, as the service does."""
        artifact = Artifact.load(os.environ[ARTIFACT])
        manifest = artifact.manifest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            artifact.files["model.onnx"], options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [given.name for given in self.session.get_inputs()]
        self.numbers, self.texts = manifest.numbers, manifest.texts
        self.row: type[BaseModel] = customer_model(manifest)

    def predict(self, customer: BaseModel) -> dict[str, Any]:
        """Return what such servers return."""
        row = customer.model_dump(by_alias=True)
        numbers = [row[name] for name in self.numbers]
        texts = [row[name] or "" for name in self.texts]
        given = {
            "numbers": np.array([numbers], np.float32),
            "categories": np.array([texts], object),
        }
        found = self.session.run(None, {name: given[name] for name in self.inputs})
        return {"churn_probability": float(found[0][0])}


def bare() -> Any:
    """Return the FastAPI application."""
    from fastapi import FastAPI

    model, app = Model(), FastAPI()

    async def predict(customer: Any) -> dict[str, Any]:
        """Answer to one customer."""
        return model.predict(customer)

    predict.__annotations__ = {"customer": model.row, "return": dict[str, Any]}
    app.post("/predict")(predict)
    return app


def stock() -> Any:
    """Return the BentoML service."""
    import bentoml

    model = Model()

    async def predict(self: Any, customer: Any) -> dict[str, Any]:
        """Answer to one customer."""
        return model.predict(customer)

    predict.__annotations__ = {"customer": model.row, "return": dict[str, Any]}
    members = {"predict": bentoml.api(predict)}
    return bentoml.service(workers=1)(type("Stock", (), members))


if ARTIFACT in os.environ and os.environ.get("PEER") == "stock":
    Stock = stock()
