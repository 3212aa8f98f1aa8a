"""Configuration: base, an environment over it, what a run asks for over both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from churn_pipeline.keys import check_keys

_PARAMETERS = "parameters"
_TRACKING = {"mlflow_run_id"}
"""What kedro-mlflow reads of the runtime parameters: the run to go on with."""


class ProjectConfigLoader(OmegaConfigLoader):
    """Lays runtime parameters over the blocks that the files make, key by key.

    An environment's block takes the place of base's of the same name, as in Kedro.

    NOTE[DIFF]: Kedro lays runtime parameters over each folder's files before that, so
    that `training.fit.patience=5` becomes a whole block `training` of any environment
    with a parameters file, and base's is lost (seen with kedro 1.7.0). And Kedro takes
    a misspelt block as a new one, that nobody reads.
    """

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return a kind of configuration, read on the first look.

        Raises:
            ValueError: A runtime parameter is of a block that no parameters file has.
        """
        found = super().__getitem__(key)
        if key == _PARAMETERS:
            self._check_runtime(found)
        return found

    def _merge_and_resolve(
        self, key: str, config_per_file: dict[Path, Any]
    ) -> dict[str, Any]:
        """Return what one folder's files say, of the blocks that they have."""
        # Kedro merges into the first of them, so they are looked at before.
        own = {name for config in config_per_file.values() for name in config}
        merged: dict[str, Any] = super()._merge_and_resolve(key, config_per_file)
        if key != _PARAMETERS:
            return merged
        return {name: value for name, value in merged.items() if name in own}

    def _check_runtime(self, known: dict[str, Any]) -> None:
        asked = {n: v for n, v in self.runtime_params.items() if n not in _TRACKING}
        try:
            check_keys(asked, sorted(known))
        except ValueError as error:
            folders = dict.fromkeys((self.base_env, self.env or self.default_run_env))
            places = " and ".join(f"conf/{name}/parameters*.yml" for name in folders)
            raise ValueError(
                f"runtime parameters (--params): {error}; they change what stands in "
                f"{places}, and nothing in globals.yml"
            ) from error
