"""Sessions of Kedro that commands open, also ones that go on with a recorded run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import project_folder

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.framework.session import KedroSession

    from churn_pipeline.runs import RunRecord


def _parsed(context: click.Context, option: click.Parameter, value: str) -> Any:
    """Return what `--params` says, read as `kedro run` reads it."""
    from kedro.framework.cli.utils import _split_params

    return _split_params(context, option, value)


params_option = click.option(
    "--params",
    default="",
    metavar="KEY=VALUE,…",
    callback=_parsed,
    help="Parameters for this once, as `kedro run --params` takes them.",
)


def session_of(
    env: str | None,
    *,
    params: dict[str, Any] | None = None,
    record: RunRecord | None = None,
) -> KedroSession:
    """Return a session; with a record, one that goes on with that run.

    Args:
        env: The data set; None: the default.
        params: Parameters in place of the configured ones, nested.
        record: Of the run to go on with: its version, parameters and MLflow run.
    """
    from kedro.framework.session import KedroSession

    class ResumedSession(KedroSession):
        """Writes under the version of the run that it goes on with."""

        @property
        def store(self) -> dict[str, Any]:
            version = {"session_id": record.version} if record else {}
            return {**super().store, **version}

    given = dict(params or {})
    if record is not None:
        given |= dict(record.request.get("runtime_params") or {})  # type: ignore[call-overload]
        if record.mlflow_run_id:
            given["mlflow_run_id"] = record.mlflow_run_id
    return ResumedSession.create(
        project_folder(), env=env, runtime_params=given or None
    )


def dataset_name(context: KedroContext) -> str:
    """Return the name of the data set that a context is of."""
    return str(context.config_loader["globals"]["dataset"]["name"])
