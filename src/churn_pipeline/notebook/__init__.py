"""IPython extension: the project in a notebook, quiet, with one style of plots.

`%reload_ext churn_pipeline.notebook` in a first cell gives `catalog`, `context`,
`session` and `pipelines` of the data set named in KEDRO_ENV, wherever the kernel was
started; unlike `%load_ext` it says nothing when it is run again.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any


def load_ipython_extension(ipython: Any) -> None:
    """Put the project's variables into a kernel.

    Args:
        ipython: The kernel's `InteractiveShell`.

    Raises:
        FileNotFoundError: The kernel was not started inside of the project.
    """
    from kedro.utils import find_kedro_project

    root = find_kedro_project(Path.cwd())
    if root is None:
        raise FileNotFoundError(
            f"expected a notebook inside of the project, got one in {Path.cwd()}; "
            "start it with `kedro jupyter lab`"
        )
    # Paths of models, logs and temporary files are relative to the project.
    os.chdir(root)
    _quieten(root)
    _style_plots()
    if ipython.extension_manager.load_extension("kedro.ipython") is not None:
        from kedro.ipython import reload_kedro

        reload_kedro(str(root))  # it was loaded, and by another folder's paths


def _quieten(root: Path) -> None:
    """Send other packages' messages and warnings to the project's log."""
    import yaml
    from kedro.framework.project import LOGGING

    config = (root / "conf" / "logging.yml").read_text("utf-8")
    LOGGING.configure(yaml.safe_load(config))
    logging.captureWarnings(True)


def _style_plots() -> None:
    """Draw what a notebook draws by itself as the reports are drawn."""
    import plotly.io as pio

    from churn_pipeline.notebook.style import STYLE

    pio.templates["churn"] = STYLE
    pio.templates.default = "plotly_white+churn"
