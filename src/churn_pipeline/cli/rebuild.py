"""`kedro churn rebuild`: makes a past release again, and compares every byte."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.registry import refusals, releases_of
from churn_pipeline.cli.wording import width

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from churn_pipeline.pipelines.release.rebuild import Compared, Kept
    from churn_pipeline.release.store import ModelStore


@click.command()
@click.argument("version")
@env_option
@click.option("--json", "as_json", is_flag=True, help="A JSON list on standard out.")
def rebuild(version: str, env: str | None, as_json: bool) -> None:
    """Make a registered VERSION again in memory; fail where a byte is another.

    The rows that its run read, its parameters, the code and the packages have to be
    those of its manifest. Nothing is written. VERSION is its MAJOR.MINOR.PATCH, its
    id, or its number in MLflow.

    Example: kedro churn rebuild 1.0.0 --env telco
    """
    from churn_pipeline.pipelines.release.rebuild import RebuildError
    from churn_pipeline.release.numbering import find
    from churn_pipeline.runs import RecordError

    with refusals():
        releases = releases_of(env)
        found = find(releases.store, releases.registry, version)
        try:
            compared = _rebuilt(releases.store, found, env)
        except (RebuildError, RecordError) as error:
            raise click.ClickException(str(error)) from error
        named = releases.store.record(found).named
    if as_json:
        click.echo(json.dumps([asdict(part) for part in compared], indent=2))
    else:
        _show(named, compared)
    if other := [part.what for part in compared if not part.same]:
        raise click.ClickException(
            f"expected {named} to the same bytes, got others of {', '.join(other)}: "
            "another processor, or a fit on an accelerator, rounds otherwise"
        )


def _rebuilt(store: ModelStore, found: str, env: str | None) -> list[Compared]:
    """Return a release beside the same made again."""
    from churn_pipeline.pipelines.release import rebuild as making
    from churn_pipeline.release.reigning import Reigning

    catalog = _catalog(env)
    kept = _kept(store, found, catalog)
    if kept.recipe.kind == "training":
        return making.rebuild(kept)
    champion = str(store.record(found).compared_with)
    reigning = Reigning(store.artifact(champion), store.measured(champion))
    rows = _read(catalog, store, champion, "model_input")
    return making.rebuild_recalibration(kept, reigning, rows)


def _kept(store: ModelStore, found: str, catalog: CatalogProtocol[Any, Any]) -> Kept:
    """Return what is kept of a release."""
    from churn_pipeline.pipelines.release.rebuild import Kept
    from churn_pipeline.pipelines.release.recipe import read_recipe
    from churn_pipeline.release.kept import recipe_of

    recipe = read_recipe(recipe_of(store.folder, found))
    scores = None
    if recipe.kind == "training" and _is_there(catalog, store, found):
        scores = _read(catalog, store, found, _SCORES)
    return Kept(
        artifact=store.artifact(found),
        measured=store.measured(found),
        recipe=recipe,
        model_input=_read(catalog, store, found, "model_input"),
        feature_set=_read(catalog, store, found, "feature_set"),
        scores=scores,
    )


def _catalog(env: str | None) -> CatalogProtocol[Any, Any]:
    from kedro.framework.session import KedroSession

    session = KedroSession.create(project_folder(), env=env)
    return session.load_context().catalog


def _read(
    catalog: CatalogProtocol[Any, Any], store: ModelStore, model: str, name: str
) -> Any:
    """Return the version of a dataset that the run of a model read.

    Raises:
        RebuildError: It is gone.
    """
    from kedro.io import DatasetError

    from churn_pipeline.pipelines.release.rebuild import RebuildError
    from churn_pipeline.runs import version_read

    version = version_read(Path(store.folder), model, name)
    try:
        return _at(catalog, name, version).load()
    except (DatasetError, OSError) as error:
        raise RebuildError(
            f"expected {name} of version {version}, which {model} was made from, found "
            "none that can be read; restore it from a copy (`kedro churn restore`)"
        ) from error


def _is_there(
    catalog: CatalogProtocol[Any, Any], store: ModelStore, model: str
) -> bool:
    from churn_pipeline.runs import version_read

    version = version_read(Path(store.folder), model, _SCORES)
    return bool(_at(catalog, _SCORES, version).exists())


def _at(catalog: CatalogProtocol[Any, Any], name: str, version: str) -> Any:
    """Return a dataset of the catalog at one version."""
    from copy import copy

    from kedro.io import Version

    dataset = copy(catalog.get(name))
    dataset._version = Version(version, None)  # type: ignore[union-attr]
    dataset.release()  # type: ignore[union-attr]
    return dataset


def _show(named: str, compared: list[Compared]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "values", "same bytes", "sha256", title=f"{named}, rebuilt")
    for part in compared:
        same = "[green]yes[/green]" if part.same else f"[red]no[/red] {part.apart:.1e}"
        digests = " ".join(dict.fromkeys((part.before[:8], part.after[:8])))
        table.add_row(part.what, f"{part.values:,}", same, digests)
    Console(width=width(), highlight=False).print(table)


_SCORES = "scored_test_rows"
