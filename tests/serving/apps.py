"""The application on small models, and clients of it without a server."""

from __future__ import annotations

import tempfile
from pathlib import Path

from starlette.testclient import TestClient

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.ledger import Entry
from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.app import App
from churn_pipeline.serving.assemble import put_together
from churn_pipeline.serving.place import KEYS
from churn_pipeline.serving.predictor import Predictor
from tests.factories import tiny_artifact

GOOD = {"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"}
"""A customer as the small models' contract asks for one."""


class Served(App):
    """The application with a folder of its own and a key that may all.

    Attributes:
        folder: Where the service keeps what changes.
        key: Of the role `admin`.
    """

    def __init__(
        self, artifact: Artifact, store: ModelStore | None = None, **environment: str
    ) -> None:
        """Put it together from its real parts."""
        self.folder = Path(tempfile.mkdtemp())
        self.key = add_key(self.folder / KEYS, "tests", Role.ADMIN)
        given = {"CHURN_RATE_LIMIT": "1000000/second"} | environment
        super().__init__(put_together(Predictor(artifact), store, self.folder, given))


class Full:
    """Rounds of a gate of which two requests are taken on, and no more."""

    def __init__(self) -> None:
        """Begin with none."""
        self.taken = 0

    def take(self, *, old: bool = False) -> bool:
        """Return whether one more is taken on."""
        self.taken += not old
        return not old and self.taken <= 2


def app_of(
    artifact: Artifact, store: ModelStore | None = None, **environment: str
) -> Served:
    """The application that serves an artifact."""
    return Served(artifact, store, **environment)


def client_of(served: Artifact | App) -> TestClient:
    """A client, with a key, of an application or of one that serves an artifact."""
    app = served if isinstance(served, App) else app_of(served)
    headers = {"X-API-Key": app.key} if isinstance(app, Served) else {}
    return TestClient(app, headers=headers)


def two_models(folder: Path) -> ModelStore:
    """Return a store of two models, of which `v1` is the champion, `v2` another."""
    made = ModelStore(folder / "models")
    for seed, version in enumerate(("v1", "v2")):
        made.add(tiny_artifact(version, seed), record(version))
    release(made, "v1")
    return made


def release(store: ModelStore, version: str) -> None:
    """Make a model the champion, as the ledger tells too."""
    store.point_to(version)
    store.ledger.append(
        Entry(time="", who="ada", action="promote", version=version, gate="approved")
    )


def record(version: str) -> Record:
    """Return what a store keeps of a model that passed its gate."""
    return Record(version=version, family="logistic", gate="approved", metrics={})
