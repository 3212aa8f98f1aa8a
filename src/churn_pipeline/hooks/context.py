"""The project's context, which sets MLflow up when somebody asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from kedro.framework.context import KedroContext

if TYPE_CHECKING:
    from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig


class ProjectContext(KedroContext):
    """A context whose `mlflow` is there at the first look, and costs nothing before."""

    @cached_property
    def mlflow(self) -> KedroMlflowConfig:
        """The settings of mlflow.yml, in force once they were read.

        A tracked run sets them itself; `kedro mlflow ui` and notebooks read them here.
        """
        from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

        MlflowHook().after_context_created(self)  # it writes `mlflow` to the context
        return cast("KedroMlflowConfig", self.__dict__["mlflow"])
