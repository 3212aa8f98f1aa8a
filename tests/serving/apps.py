"""The application on small models, and clients of it without a server."""

from __future__ import annotations

from starlette.testclient import TestClient

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.app import App
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.predictor import Predictor


def app_of(artifact: Artifact) -> App:
    """The application that serves an artifact."""
    return App(Parts(Models(Predictor(artifact))))


def client_of(served: Artifact | App) -> TestClient:
    """A client of an application, or of one that serves an artifact."""
    app = served if isinstance(served, App) else app_of(served)
    return TestClient(app, raise_server_exceptions=True)
