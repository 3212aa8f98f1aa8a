"""What runs before any `kedro` command: a quiet console and plugins loaded when used.

Kedro imports each plugin's commands and hooks at the start of every command. Those of
kedro-mlflow import mlflow, which takes longer than everything else together. Kedro
calls `init` (entry point `kedro.init`) first, and `init` puts a stand-in at the name
of kedro-mlflow's command module, which imports the real one when `kedro mlflow` is
asked for. Its hook is stood in for by `churn_pipeline.hooks.tracking`.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import sys
from pathlib import Path
from types import ModuleType, TracebackType

from churn_pipeline.masking import mask, mask_handlers
from churn_pipeline.telemetry import switch_off

COMMANDS = "kedro_mlflow.framework.cli.cli"


def init() -> None:
    """Prepare a `kedro` command, in a checkout of this project alone."""
    if not _in_this_project(Path.cwd()):
        return
    switch_off()
    logging.captureWarnings(True)  # other packages' warnings go to logs/run.log
    mask_handlers("", "churn_pipeline")
    sys.excepthook = _report
    sys.modules.setdefault(COMMANDS, _LazyCommandModule(COMMANDS))


def _report(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print what went wrong on one screen; the traceback goes to the log."""
    if logging.getLogger().handlers:  # else Python would print it after all
        logging.getLogger("kedro").error("stopped", exc_info=(kind, error, trace))
    cause = _root_cause(error)
    sys.stderr.write(f"\n{type(cause).__name__}: {mask(_plain(str(cause)))}\n")
    sys.stderr.write("(where it happened: logs/run.log)\n")


def _plain(text: str) -> str:
    """Return what is wrong with what was typed, in words for who typed it."""
    text = text.replace(
        "It needs to be generated and returned by the 'register_pipelines' function.",
        "`kedro registry list` shows those that there are.",
    )
    text = re.sub(
        r"Failed to instantiate \w+ for parameter '([\w.]+)': \d+ validation errors? "
        r"for \w+",
        r"correct the key \1 in its parameters_*.yml or dataset.yml:",
        text,
    )
    text = re.sub(r" \[type=value_error, .*\]$", "", text, flags=re.MULTILINE)
    text = text.replace("Value error, ", "")
    text = re.sub(
        r" \[type=\w+, input_value=(.*), input_type=\w+\]$",
        r", got \1",
        text,
        flags=re.MULTILINE,
    )
    return re.sub(r"\n *For further information visit https://errors\.\S+", "", text)


def _root_cause(error: BaseException) -> BaseException:
    """Return the error that Kedro wrapped when a dataset raised it."""
    while type(error).__module__.startswith("kedro.io") and error.__cause__ is not None:
        error = error.__cause__
    return error


class _LazyCommandModule(ModuleType):
    """Has `commands`, a click group that imports the real module when used."""

    def __getattr__(self, name: str) -> object:
        if name != "commands":
            raise AttributeError(name)
        from kedro.framework.cli.utils import LazyGroup

        return LazyGroup(
            name="Mlflow",
            lazy_subcommands={"mlflow": f"{__name__}.kedro_mlflow_commands"},
        )


def __getattr__(name: str) -> object:
    """Return kedro-mlflow's command group as `kedro_mlflow_commands`."""
    if name != "kedro_mlflow_commands":
        raise AttributeError(name)
    # `kedro mlflow ui` starts `mlflow` by name: that of this environment, activated
    # or not.
    scripts = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    sys.modules.pop(COMMANDS, None)
    return importlib.import_module(COMMANDS).mlflow_commands


def _in_this_project(folder: Path) -> bool:
    """Return whether a folder lies in a checkout of this project."""
    for parent in (folder, *folder.parents):
        config = parent / "pyproject.toml"
        if config.is_file():
            return 'package_name = "churn_pipeline"' in config.read_text("utf-8")
    return False
