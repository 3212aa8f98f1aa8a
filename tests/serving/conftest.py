"""The small model that is served, and a client of it, once a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories import tiny_artifact

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from churn_pipeline.release.artifact import Artifact


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return tiny_artifact()


@pytest.fixture(scope="module")
def client(artifact: Artifact) -> TestClient:
    from tests.serving.apps import client_of

    return client_of(artifact)
