"""`kedro churn …`: what Kedro's own commands cannot say.

Each command is imported when it is called, so that `kedro --help` stays quick.
"""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import click

from churn_pipeline.cli.project import ENV
from churn_pipeline.environment import told_for


class LazyCommands(click.Group):
    """A group whose commands are imported by name when they are asked for."""

    where: ClassVar[dict[str, str]] = {
        "adopt": "adopt",
        "score": "score",
        "status": "registry",
        "history": "registry",
        "promote": "registry",
        "rollback": "registry",
        "approve": "registry",
        "reject": "registry",
        "review": "review",
        "rebuild": "rebuild",
        "summary": "summary",
        "resume": "resume",
        "gc": "runs",
        "keys": "keys",
        "replay": "journal",
        "forget": "forget",
        "journal": "journal",
        "rollout": "rollout",
        "loop": "loop",
        "replay-history": "replay_history",
        "backup": "backup",
        "restore": "backup",
    }
    """Command -> module of this package that defines a function of its name."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; the commands that its error names are for its data set."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            told = told_for(ctx.meta.get(ENV), error.message)
            error.message = told  # type: ignore[misc]  # its kind and usage are kept
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self.where)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of this name."""
        module = self.where.get(cmd_name)
        if module is None:
            return None
        place = importlib.import_module(f"{__name__}.{module}")
        found = getattr(place, cmd_name.replace("-", "_"))
        if not isinstance(found, click.Command):
            raise TypeError(f"{__name__}.{module}.{cmd_name} is not a click command")
        return found


@click.group(name="churn_pipeline")
def cli() -> None:
    """Commands of this project."""


@cli.group(name="churn", cls=LazyCommands)
def churn() -> None:
    """Adopt a table, score a file, release and roll back models, give keys."""
