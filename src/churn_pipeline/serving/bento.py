"""`python -m churn_pipeline.serving.bento`: the service and one champion as a bento."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.store import POINTER, ModelStore
from churn_pipeline.serving.__main__ import dataset_of
from churn_pipeline.serving.locate import MODELS, no_champion
from churn_pipeline.telemetry import switch_off

BENTOFILE = Path("bentofile.yaml")


def main(arguments: list[str] | None = None) -> int:
    """Build the bento of a data set's champion, and print its name.

    Returns:
        1 where there is no champion to pack.
    """
    options = _parser().parse_args(arguments)
    switch_off()
    try:
        champion = champion_files(dataset_of(options.env))
    except ArtifactError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    import bentoml

    told = _bentofile()
    told["include"] += champion
    made = bentoml.bentos.build(**told, build_ctx=".")
    sys.stdout.write(f"{made.tag}\n")
    return 0


def champion_files(dataset: str) -> list[str]:
    """Return the files of a data set's champion, and of no other model.

    Returns:
        The pointer and the folder that it names, relative to the project's folder.

    Raises:
        ArtifactError: There is no champion, or its files are missing or altered.
    """
    store = ModelStore(MODELS / dataset)
    pointer = store.pointer()
    if pointer is None or store.champion() is None:
        raise ArtifactError(no_champion(store.folder))
    folder = store.folder.as_posix()
    return [f"{folder}/{POINTER}", f"{folder}/{pointer.folder}/"]


def _bentofile() -> dict[str, Any]:
    """Return what every bento is made of."""
    from omegaconf import OmegaConf

    if not BENTOFILE.is_file():
        raise SystemExit(
            f"expected {BENTOFILE}, found none; run this in the project's folder"
        )
    told: Any = OmegaConf.to_container(OmegaConf.load(BENTOFILE))
    return dict(told)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m churn_pipeline.serving.bento",
        description="Build a bento that serves the champion of a data set.",
        epilog="example: python -m churn_pipeline.serving.bento --env telco",
    )
    parser.add_argument("--env", default="local", help="Kedro environment")
    return parser


if __name__ == "__main__":
    sys.exit(main())
