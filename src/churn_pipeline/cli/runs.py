"""`kedro churn resume` and `kedro churn gc`: runs and the versions they leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder

if TYPE_CHECKING:
    from kedro.framework.session import KedroSession
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

    from churn_pipeline.runs import RunRecord
FILTERS = {
    "tags": "tags",
    "from_nodes": "from_nodes",
    "to_nodes": "to_nodes",
    "node_names": "node_names",
    "from_inputs": "from_inputs",
    "to_outputs": "to_outputs",
    "namespaces": "node_namespaces",
}
"""Key of a run's request -> argument of `Pipeline.filter`."""


@click.command()
@env_option
@click.option(
    "--force", is_flag=True, help="Also a run of another machine, which is gone."
)
def resume(env: str | None, force: bool) -> None:
    """Go on with the last run, where it was killed or failed.

    Finished nodes are not run again. Example: kedro churn resume --env telco
    """
    from churn_pipeline.runs import read_records

    session = _session(env)
    dataset = _dataset_name(session)
    records = read_records(project_folder(), dataset)
    record = _interrupted(records, dataset, force=force)
    _refuse_masked(record)
    resumed = _session(env, record)
    names = _unfinished(resumed, record)
    if not names:
        record.model_copy(update={"status": "done"}).save(project_folder())
        click.echo(f"{record.version} had nothing left to do")
        return
    click.echo(f"resuming {record.version}: {len(names)} nodes left", err=True)
    _clear_outputs(resumed, names, record.version)
    request = {
        key: record.request[key]
        for key in ("pipeline_names", "load_versions")
        if key in record.request
    }
    resumed.run(node_names=names, **request)  # type: ignore[arg-type]


@click.command()
@env_option
@click.option("--keep", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
def gc(env: str | None, keep: int, dry_run: bool) -> None:
    """Remove old models and old versions of the data, keeping the newest.

    Of the models stay the champion, as many champions before it, the newest ones and
    those that wait for approval; of the data also what these were made of. The
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
    session = _session(env)
    context = session.load_context()
    catalog = context.catalog
    protected = _protected(_dataset_name(session), models.kept)
    removed = len(models.removed)
    for name in sorted(catalog.keys()):
        for version in _old_versions(catalog, name, keep):
            if version in protected.get("*", set()) | protected.get(name, set()):
                continue
            removed += 1
            click.echo(f"{name} {version}")
            if not dry_run:
                remove_version(catalog, name, version)
    for path in _old_records(_dataset_name(session), keep, protected["*"]):
        removed += 1
        click.echo(f"record {path.stem}")
        if not dry_run:
            path.unlink()
    click.echo(f"{'would remove' if dry_run else 'removed'} {removed} versions")


def _interrupted(records: list[RunRecord], dataset: str, *, force: bool) -> RunRecord:
    """Return the last record, of a run that can go on.

    Raises:
        ClickException: There is none, it is done, or it is at work.
    """
    last = records[-1] if records else None
    if last is not None and last.interrupted:
        return last
    if last is not None and last.at_work and last.is_elsewhere:
        if force:
            given_up = last.model_copy(update={"status": "failed"})
            given_up.save(project_folder())
            return given_up
        raise click.ClickException(
            f"expected an interrupted run of {dataset}, got {last.version}, at work on "
            f"{last.host} since {last.since}; if that machine is gone, go on with "
            "`kedro churn resume --force`"
        )
    state = (
        f"the last one, {last.version}, is {last.status}" if last else "none was made"
    )
    raise click.ClickException(
        f"no interrupted run of {dataset}: {state}; start one with `kedro run`"
    )


def _refuse_masked(record: RunRecord) -> None:
    """Refuse to go on with parameters whose password the record does not keep."""
    from churn_pipeline.masking import MASK

    params = json.dumps(record.request.get("runtime_params") or {}, default=str)
    if f":{MASK}@" in params:
        raise click.ClickException(
            f"expected parameters to go on with {record.version}, got a URL whose "
            f"password is not kept: {params}; write it to conf/local, where resume "
            "finds it, and start anew with `kedro run`"
        )


def _session(env: str | None, record: RunRecord | None = None) -> KedroSession:
    """Return a session; with a record, one that goes on with that run."""
    from kedro.framework.session import KedroSession

    class ResumedSession(KedroSession):
        """Writes under the version of the run that it goes on with."""

        @property
        def store(self) -> dict[str, Any]:
            version = {"session_id": record.version} if record else {}
            return {**super().store, **version}

    params = dict(record.request.get("runtime_params") or {}) if record else {}  # type: ignore[call-overload]
    if record is not None and record.mlflow_run_id:
        params["mlflow_run_id"] = record.mlflow_run_id
    return ResumedSession.create(
        project_folder(), env=env, runtime_params=params or None
    )


def _clear_outputs(session: KedroSession, names: list[str], version: str) -> None:
    """Remove what nodes that run again had written: a version is written once.

    A finished node runs again where its output was kept in memory only.
    """
    from kedro.framework.project import pipelines

    from churn_pipeline.hooks.journal import remove_version

    catalog = session.load_context().catalog
    found = {node.name: node for name in pipelines for node in pipelines[name].nodes}
    for name in names:
        for output in found[name].outputs:
            remove_version(catalog, output, version)


def _dataset_name(session: KedroSession) -> str:
    """Return the name of the session's data set."""
    return str(session.load_context().config_loader["globals"]["dataset"]["name"])


def _unfinished(session: KedroSession, record: RunRecord) -> list[str]:
    """Return the names of the nodes that a resumed run has to run."""
    from kedro.framework.project import pipelines
    from kedro.pipeline import Pipeline

    names = record.request.get("pipeline_names") or ["__default__"]
    pipeline = Pipeline([pipelines[name] for name in names])  # type: ignore[attr-defined]
    asked = {
        argument: record.request[key]
        for key, argument in FILTERS.items()
        if key in record.request
    }
    catalog = session.load_context().catalog
    return nodes_left(pipeline.filter(**asked), set(record.done), catalog)  # type: ignore[arg-type]


def nodes_left(
    pipeline: Pipeline, done: set[str], catalog: CatalogProtocol[Any, Any]
) -> list[str]:
    """Return the nodes to run: those not done, and those whose output is not kept.

    Args:
        pipeline: What was asked for.
        done: Names of the nodes that ended.
        catalog: Tells which outputs are kept on disk.

    Returns:
        Node names in the order of the pipeline.
    """
    left: set[str] = set()
    needed: set[str] = set()
    for node in reversed(pipeline.nodes):
        lost = {name for name in node.outputs if name not in catalog}
        if node.name not in done or lost & needed:
            left.add(node.name)
            needed |= set(node.inputs)
    return [node.name for node in pipeline.nodes if node.name in left]


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
