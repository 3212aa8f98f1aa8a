"""The project that a command is run in, from any folder of it, and its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader

ENV = "churn_pipeline.env"
"""Under which a command leaves its data set for who shows its errors."""


def _noted(
    context: click.Context, option: click.Parameter, env: str | None
) -> str | None:
    context.meta[ENV] = env
    return env


env_option = click.option(
    "--env",
    "-e",
    default=None,
    # Read before arguments that may be wrong.
    is_eager=True,
    callback=_noted,
    help="The data set: a folder in conf/.",
)
credentials_option = click.option(
    "--credentials",
    metavar="KEY",
    help="Of a URL: a key of credentials.yml; left out, the store's own variables.",
)


def named_credentials(loader: AbstractConfigLoader, key: str) -> dict[str, Any]:
    """Return what credentials.yml holds under a key.

    Raises:
        ClickException: There is nothing under it.
    """
    from kedro.config import MissingConfigException

    try:
        found = loader["credentials"].get(key)
    except MissingConfigException:
        found = None
    if not isinstance(found, dict):
        raise click.ClickException(
            f"expected the key `{key}` in credentials.yml, got none; write it to "
            "conf/base/credentials.yml, or leave --credentials out"
        )
    return dict(found)


def project_folder() -> Path:
    """Return the folder of the project that the current folder lies in.

    Raises:
        ClickException: It lies in none.
    """
    from kedro.utils import find_kedro_project

    found = find_kedro_project(Path.cwd())
    if found is None:
        raise click.ClickException(
            f"expected a folder of the project, got {Path.cwd()}; change to one"
        )
    return Path(found)
