"""The features that a model expects, and the refusal where they are not there."""

from __future__ import annotations

from collections.abc import Collection

from churn_pipeline.release.artifact import Manifest


def require_features(manifest: Manifest, columns: Collection[str]) -> list[str]:
    """Return the names of a model's features, in order, all among the columns.

    Args:
        manifest: Of the model.
        columns: Names of the columns that there are.

    Raises:
        ValueError: A feature is not among them.
    """
    names = [feature.name for feature in manifest.features]
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(
            f"expected the {len(names)} features of model {manifest.version} "
            f"({_some(names)}), missing are {len(missing)}: {_some(missing)}; the data "
            "set's description, the parameters or the code have changed since: train "
            "again with `kedro run`, or undo the change"
        )
    return names


def _some(names: list[str]) -> str:
    """Return the first few names."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")  # noqa: PLR2004
