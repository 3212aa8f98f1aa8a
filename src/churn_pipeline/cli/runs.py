"""`kedro churn gc`: old models, and old versions of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.session import dataset_name, session_of

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


@click.command()
@env_option
@click.option("--keep", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
def gc(env: str | None, keep: int, dry_run: bool) -> None:
    """Remove old models and old versions of the data, keeping the newest.

    Of the models stay the champion, as many champions before it, the newest ones and
    those that wait for approval; of the data also what these were made of, and
    every list of who is called and who is kept aside: no run makes it again. The
    records of runs go by the same rule.
    Example: kedro churn gc --keep 3 --env telco
    """
    from churn_pipeline.cli.journal import lost_answers
    from churn_pipeline.cli.registry import refusals, releases_of
    from churn_pipeline.hooks.journal import remove_version
    from churn_pipeline.release.pruning import prune

    with refusals():
        releases = releases_of(env)
        models = prune(releases, keep, dry_run=dry_run)
    for folder in models.removed:
        click.echo(folder)
    gone = [folder.name for folder in models.removed]
    for version, count in lost_answers(releases, gone):
        told = f"{count:,} logged predictions of {version} cannot be replayed then"
        click.echo(told, err=True)
    context = session_of(env).load_context()
    catalog, dataset = context.catalog, dataset_name(context)
    protected = _protected(dataset, models.kept)
    removed = len(models.removed)
    for name in sorted(set(catalog.keys()) - read_whole(catalog)):
        for version in _old_versions(catalog, name, keep):
            if version in protected.get("*", set()) | protected.get(name, set()):
                continue
            removed += 1
            click.echo(f"{name} {version}")
            if not dry_run:
                remove_version(catalog, name, version)
    for path in _old_records(dataset, keep, protected["*"]):
        removed += 1
        click.echo(f"record {path.stem}")
        if not dry_run:
            path.unlink()
    click.echo(f"{'would remove' if dry_run else 'removed'} {removed} versions")


def read_whole(catalog: CatalogProtocol[Any, Any]) -> set[str]:
    """Return the names of the entries whose every version is read, the oldest too."""
    from churn_pipeline.io.versions import AllVersions

    entries = {name: catalog.get(name) for name in catalog.keys()}
    whole = {e.path for e in entries.values() if isinstance(e, AllVersions)}
    places = {n: str(getattr(e, "_filepath", "")) for n, e in entries.items()}
    return {name for name, place in places.items() if place in whole}


def _old_versions(
    catalog: CatalogProtocol[Any, Any], name: str, keep: int
) -> list[str]:
    """Return the versions of a dataset beyond the newest, oldest first."""
    dataset = catalog.get(name)
    if getattr(dataset, "_version", None) is None:
        return []
    folder = Path(str(dataset._filepath))  # type: ignore[union-attr]
    versions = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    return versions[:-keep]


def _old_records(dataset: str, keep: int, protected: set[str]) -> list[Path]:
    """Return the records beyond the newest, oldest first, damaged ones among them."""
    from churn_pipeline.runs import record_path

    project = project_folder()
    kept = {record_path(project, dataset, version) for version in protected}
    folder = record_path(project, dataset, "any").parent
    return [path for path in sorted(folder.glob("*.json"))[:-keep] if path not in kept]


def _protected(dataset: str, models: frozenset[str]) -> dict[str, set[str]]:
    """Return the versions to keep: of all datasets ("*"), and of single ones.

    Kept are those of the models that are left, what they were made of, and what a run
    at work reads and writes.
    """
    from churn_pipeline.runs import read_records

    versions = set(models)
    protected: dict[str, set[str]] = {"*": versions}
    for record in read_records(project_folder(), dataset):
        if record.at_work:
            versions.add(record.version)
        if record.at_work or record.version in versions:
            for name, version in record.loads.items():
                protected.setdefault(name, set()).add(version)
    return protected
