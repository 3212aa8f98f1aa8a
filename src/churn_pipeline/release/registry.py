"""The MLflow model registry: versions with their tags, and aliases, never stages.

The registry shows people what there is. What serves is told by `champion.json` beside
the models, so that a service needs neither MLflow nor its server.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from churn_pipeline.release.artifact import MODEL, Artifact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel
    from mlflow.models import ModelSignature

CHAMPION = "champion"
CHALLENGER = "challenger"
PROBABILITY = "churn_probability"
_SHOWN = 200

P = ParamSpec("P")
T = TypeVar("T")


class RegistryError(RuntimeError):
    """MLflow cannot be reached, or does not do what it is asked for."""


def _told(
    ask: Callable[Concatenate[Registry, P], T],
) -> Callable[Concatenate[Registry, P], T]:
    """Return a method whose failures name the server and what to do."""

    @wraps(ask)
    def asked(self: Registry, /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask; a failure becomes a RegistryError that shows no password."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return ask(self, *args, **kwargs)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            # An address may hold a password, and MLflow repeats it.
            text = f"MLflow at {self.tracking_uri} to answer, got {error}"
            shown = re.sub(r"//[^/@\s]+@", "//***@", text)[:_SHOWN]
            raise RegistryError(
                f"expected {shown}; start it, or name another in MLFLOW_TRACKING_URI"
            ) from error

    return asked


@dataclass(frozen=True)
class Registry:
    """The registered model of a data set.

    Attributes:
        dataset: Name of the data set; its model is called `churn_<dataset>` and its
            runs are those of the experiment of its name.
        tracking_uri: MLflow's database or server.
    """

    dataset: str
    tracking_uri: str

    @property
    def model(self) -> str:
        """Name of the registered model."""
        return f"churn_{self.dataset}"

    @_told
    def register(
        self,
        artifact: Artifact,
        tags: Mapping[str, str],
        measured: Artifact | None = None,
    ) -> None:
        """Register an artifact; a version that is registered only gets the tags.

        The artifact is logged to the active MLflow run, else to a run of its own.

        Args:
            artifact: The artifact; its version becomes the tag `version`.
            tags: Further tags.
            measured: The artifact that its metrics were taken on, where it is a
                refit; kept in the folder `measured` beside it.
        """
        client = self._client()
        version = artifact.manifest.version
        number = self._number(client, version)
        if number is None:
            number = self._create(client, artifact, measured)
        for name, value in tags.items():
            client.set_model_version_tag(self.model, number, name, value)

    @_told
    def set_alias(self, alias: str, version: str | None) -> None:
        """Point an alias to a version; None, or a version not there, takes it away.

        Args:
            alias: `champion` or `challenger`.
            version: Our version, not MLflow's number.
        """
        client = self._client()
        number = None if version is None else self._number(client, version)
        if number is not None:
            client.set_registered_model_alias(self.model, alias, number)
        elif alias in self.aliases():
            client.delete_registered_model_alias(self.model, alias)

    @_told
    def aliases(self) -> dict[str, str]:
        """Return alias -> our version; empty where nothing is registered."""
        client = self._client()
        model = self._registered(client)
        if model is None:
            return {}
        return {
            alias: client.get_model_version(self.model, number).tags["version"]
            for alias, number in model.aliases.items()
        }

    @_told
    def version_of(self, number: str) -> str | None:
        """Return our version of one of MLflow's numbers; None where there is none.

        Args:
            number: What MLflow counts the versions with: 1, 2, 3.
        """
        for found in self._client().search_model_versions(f"name = '{self.model}'"):
            if str(found.version) == number:
                return str(found.tags["version"])
        return None

    @_told
    def seal(self, ledger: str) -> str | None:
        """Return how far a ledger had come when it was last sealed; None if never.

        Args:
            ledger: Which ledger, for several projects may share a server.
        """
        found = self._registered(self._client())
        return None if found is None else found.tags.get(seal_tag(ledger))

    @_told
    def set_seal(self, ledger: str, state: str) -> None:
        """Keep how far a ledger has come; without a registered model nothing is."""
        client = self._client()
        if self._registered(client) is not None:
            client.set_registered_model_tag(self.model, seal_tag(ledger), state)

    def _client(self) -> MlflowClient:
        from mlflow import MlflowClient

        return MlflowClient(self.tracking_uri, self.tracking_uri)

    def _registered(self, client: MlflowClient) -> RegisteredModel | None:
        """Return the registered model; None where there is none."""
        from mlflow.exceptions import MlflowException

        try:
            return client.get_registered_model(self.model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def _number(self, client: MlflowClient, version: str) -> str | None:
        for found in client.search_model_versions(f"name = '{self.model}'"):
            if found.tags.get("version") == version:
                return str(found.version)
        return None

    def _create(
        self, client: MlflowClient, artifact: Artifact, measured: Artifact | None
    ) -> str:
        import mlflow
        from mlflow.exceptions import MlflowException

        active = mlflow.active_run()
        with nullcontext(active) if active else self._run(artifact) as run:
            model_id = _log(client, artifact, run.info, measured)
        try:
            client.create_registered_model(self.model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        created = client.create_model_version(
            self.model,
            source=f"models:/{model_id}",
            run_id=run.info.run_id,
            model_id=model_id,
            tags={"version": artifact.manifest.version},
        )
        return str(created.version)

    def _run(self, artifact: Artifact) -> Any:
        import mlflow

        mlflow.set_tracking_uri(self.tracking_uri)
        mlflow.set_experiment(self.dataset)
        return mlflow.start_run(run_name=artifact.manifest.version)


def seal_tag(ledger: str) -> str:
    """Return the name of the tag that holds the seal of a ledger."""
    return f"ledger_{ledger[:12]}"


def _log(
    client: MlflowClient, artifact: Artifact, run: Any, measured: Artifact | None
) -> str:
    """Log an artifact as a model of a run, and return the model's id."""
    logged = client.create_logged_model(
        run.experiment_id,
        name="model",
        source_run_id=run.run_id,
        tags={"version": artifact.manifest.version},
        model_type=artifact.manifest.family,
    )
    with tempfile.TemporaryDirectory() as folder:
        artifact.save(folder)
        if measured is not None:
            measured.save(Path(folder) / "measured")
        _describe(artifact, Path(folder), run_id=run.run_id, model_id=logged.model_id)
        client.log_model_artifacts(logged.model_id, folder)
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)


def _describe(artifact: Artifact, folder: Path, *, run_id: str, model_id: str) -> None:
    """Write what MLflow wants beside the artifact: `MLmodel` and an example."""
    import onnx
    from mlflow.models import Model

    columns, _ = artifact.golden
    rows = [list(row) for row in zip(*columns.values(), strict=True)][:3]
    example = {"columns": list(columns), "data": rows}
    (folder / "input_example.json").write_text(json.dumps(example), encoding="utf-8")
    Model(
        run_id=run_id,
        model_id=model_id,
        signature=_signature(artifact),
        flavors={
            "onnx": {
                "onnx_version": onnx.__version__,
                "data": MODEL,
                "providers": ["CPUExecutionProvider"],
            }
        },
        saved_input_example_info={
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        },
    ).save(folder / "MLmodel")


def _signature(artifact: Artifact) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(
            "double" if feature.type == "number" else "string",
            feature.name,
            required=not feature.nullable,
        )
        for feature in artifact.manifest.features
    ]
    return ModelSignature(Schema(inputs), Schema([ColSpec("double", PROBABILITY)]))
