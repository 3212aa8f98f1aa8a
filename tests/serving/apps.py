"""The application on small models, and clients of it without a server."""

from __future__ import annotations

import tempfile
from pathlib import Path

from starlette.testclient import TestClient

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.app import App
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.predictor import Predictor

_FOLDER = tempfile.TemporaryDirectory()


def key_in(folder: Path, role: Role = Role.ADMIN, name: str = "test") -> str:
    """A new key of a service's folder, that may ask as often as it likes."""
    return add_key(folder / "keys.json", name, role, rate="1000000/second")


KEY = {"X-API-Key": key_in(Path(_FOLDER.name))}
"""What a request to an application of `app_of` has to carry."""


def app_of(artifact: Artifact, folder: Path | None = None) -> App:
    """The application that serves an artifact, with the keys of a folder."""
    access = Access(folder or Path(_FOLDER.name), {})
    return App(Parts(Models(Predictor(artifact)), access))


def client_of(served: Artifact | App) -> TestClient:
    """A client of an application, or of one that serves an artifact."""
    app = served if isinstance(served, App) else app_of(served)
    return TestClient(app, raise_server_exceptions=True, headers=KEY)
