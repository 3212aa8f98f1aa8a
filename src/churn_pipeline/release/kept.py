"""What lies beside a model of the store: its record, its card, and its recipe.

Record and card lie beside the registered artifact, and beside the released one, which
is all that a bento holds; the recipe beside the registered one.
"""

from __future__ import annotations

import re
from pathlib import Path

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.records import VERSION, Record

RECORD, CARD, RECIPE = "record.json", "card.html", "recipe.json"


def beside(registered: Path) -> dict[str, bytes]:
    """Return record and card of a registered version by file name, where it has them.

    Args:
        registered: Its folder.
    """
    paths = (registered / name for name in (RECORD, CARD))
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def record_of(models: Path, version: str) -> Record | None:
    """Return the record of a version; None where none was kept.

    Args:
        models: Folder of the data set's models.
        version: Of an artifact.

    Raises:
        ArtifactError: It cannot be read.
    """
    found = _found(models, version, RECORD)
    if found is None:
        return None
    try:
        return Record.model_validate_json(found)
    except ValueError as error:
        raise ArtifactError(
            f"expected the {RECORD} of {version} as it was written, got one that "
            f"cannot be read; restore it from a copy, or promote {version} again"
        ) from error


def card_of(models: Path, version: str) -> bytes | None:
    """Return the card of a version, an HTML page; None where none was kept.

    Args:
        models: Folder of the data set's models.
        version: Of an artifact.
    """
    return _found(models, version, CARD)


def recipe_of(models: Path, version: str) -> bytes:
    """Return all parameters that a registered version follows from, as JSON.

    Args:
        models: Folder of the data set's models.
        version: Of an artifact.

    Raises:
        ArtifactError: They are not there.
    """
    found = _found(models, version, RECIPE)
    if found is None:
        raise ArtifactError(
            f"expected {RECIPE} beside the registered {version}, found none: it was "
            "registered before parameters were kept, or another way than by a run; "
            "train again for one that can be rebuilt"
        )
    return found


def _found(models: Path, version: str, name: str) -> bytes | None:
    if not re.fullmatch(VERSION, version):
        return None
    for place in ("released", "registered"):
        try:
            return (models / place / version / name).read_bytes()
        except FileNotFoundError:  # also where another model is released just now
            continue
    return None
