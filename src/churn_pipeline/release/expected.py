"""The features that a model expects, and the refusal where they are not there."""

from __future__ import annotations

from collections.abc import Collection

from churn_pipeline.release.artifact import Manifest


def require_features(manifest: Manifest, columns: Collection[str]) -> list[str]:
    """Return the names of what a model answers from, in order, all among the columns.

    Args:
        manifest: Of the model.
        columns: Names of the columns that there are.

    Raises:
        ValueError: A feature is not among them.
    """
    names = [feature.name for feature in manifest.inputs]
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(
            f"expected the {len(names)} features of model {manifest.version} "
            f"({shortened(names, 5)}), missing are {len(missing)}: "
            f"{shortened(missing, 20)}; bring them back into the data, or replace this "
            "model by one made without them: `kedro run` makes one, its gate refuses "
            "it because the two cannot be compared, and `kedro churn promote VERSION "
            "--override --reason WHY` releases it (`kedro churn history` has its "
            "version)"
        )
    return names


def shortened(names: list[str], at_most: int) -> str:
    """Return the first so many names, with a sign where there are more."""
    return ", ".join(names[:at_most]) + (", …" if len(names) > at_most else "")
