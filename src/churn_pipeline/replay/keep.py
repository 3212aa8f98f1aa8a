"""The files of a replay, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from churn_pipeline.release.atomic import replace
from churn_pipeline.replay.picture import draw
from churn_pipeline.replay.result import Replayed


def keep(found: Replayed, folder: Path) -> tuple[Path, Path]:
    """Write `replay.json` and `replay.svg`; return where.

    Args:
        found: What came of the replay.
        folder: Made where there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told, drawn = folder / "replay.json", folder / "replay.svg"
    replace(told, json.dumps(found.summary(), indent=1) + "\n")
    replace(drawn, draw(found))
    return told, drawn
