"""The project that a command is run in, from any folder of it."""

from __future__ import annotations

from pathlib import Path

import click

env_option = click.option(
    "--env", "-e", default=None, help="The data set: a folder in conf/."
)


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
