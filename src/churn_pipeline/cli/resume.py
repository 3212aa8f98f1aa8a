"""`kedro churn resume`: go on with a run that was killed or failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.project import env_option, project_folder
from churn_pipeline.cli.session import dataset_name, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    "--pipelines", help="The last run of these; left out, the last run of all."
)
@click.option(
    "--force", is_flag=True, help="Also a run of another machine, which is gone."
)
def resume(env: str | None, pipelines: str | None, force: bool) -> None:
    """Go on with the last run, where it was killed or failed.

    Finished nodes are not run again. Example: kedro churn resume --env telco
    """
    from churn_pipeline.runs import of_pipelines, read_records

    dataset = dataset_name(session_of(env).load_context())
    records = read_records(project_folder(), dataset)
    if pipelines is not None:
        records = of_pipelines(records, [p.strip() for p in pipelines.split(",")])
    go_on(env, _interrupted(records, pipelines or dataset, force=force))


def go_on(env: str | None, record: RunRecord) -> None:
    """Run what is left of an interrupted run, under its version.

    Args:
        env: The data set.
        record: Of the run.

    Raises:
        ClickException: Its parameters are not kept whole.
    """
    _refuse_masked(record)
    resumed = session_of(env, record=record)
    asked = _asked(record)
    catalog = resumed.load_context().catalog
    names = nodes_left(asked, set(record.done), catalog)
    if not names:
        record.model_copy(update={"status": "done"}).save(project_folder())
        click.echo(f"{record.version} had nothing left to do")
        return
    click.echo(f"resuming {record.version}: {len(names)} nodes left", err=True)
    _clear_outputs(asked, names, record.version, catalog)
    resumed.run(
        pipeline_names=record.request.get("pipeline_names"),  # type: ignore[arg-type]
        node_names=names,
        load_versions=_read(asked, names, record, catalog),
    )


def _interrupted(records: Sequence[RunRecord], of: str, *, force: bool) -> RunRecord:
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
            f"expected an interrupted run of {of}, got {last.version}, at work on "
            f"{last.host} since {last.since}; if that machine is gone, go on with "
            "`kedro churn resume --force`"
        )
    state = (
        f"the last one, {last.version}, is {last.status}" if last else "none was made"
    )
    raise click.ClickException(
        f"no interrupted run of {of}: {state}; start one with `kedro run`"
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


def _asked(record: RunRecord) -> Pipeline:
    """Return the nodes that a run was asked for."""
    from kedro.framework.project import pipelines
    from kedro.pipeline import Pipeline

    names = record.request.get("pipeline_names") or ["__default__"]
    whole = Pipeline([pipelines[name] for name in names])  # type: ignore[attr-defined]
    asked = {
        argument: record.request[key]
        for key, argument in FILTERS.items()
        if key in record.request
    }
    return whole.filter(**asked)  # type: ignore[arg-type]


def _clear_outputs(
    asked: Pipeline, names: list[str], version: str, catalog: CatalogProtocol[Any, Any]
) -> None:
    """Remove what nodes that run again had written: a version is written once.

    A finished node runs again where its output was kept in memory only.
    """
    from churn_pipeline.hooks.journal import remove_version

    for output in asked.only_nodes(*names).all_outputs():
        remove_version(catalog, output, version)


def _read(
    asked: Pipeline,
    names: list[str],
    record: RunRecord,
    catalog: CatalogProtocol[Any, Any],
) -> dict[str, str]:
    """Return the versions to read: what the run read and wrote before it ended.

    Other runs may have written newer ones since, of other rows.

    Args:
        asked: All nodes of the run.
        names: Those that are left.
        record: Of the run.
        catalog: Tells which datasets have versions.
    """
    left = asked.only_nodes(*names)
    written = (asked.all_outputs() - left.all_outputs()) & left.all_inputs()
    kept = {name: record.version for name in written if _is_versioned(name, catalog)}
    return {**record.loads, **kept, **_as_asked(record)}


def _as_asked(record: RunRecord) -> dict[str, str]:
    """Return the versions that the run was told to read."""
    told = record.request.get("load_versions") or {}
    return {str(name): str(version) for name, version in dict(told).items()}  # type: ignore[call-overload]


def _is_versioned(name: str, catalog: CatalogProtocol[Any, Any]) -> bool:
    dataset = catalog.get(name) if name in catalog else None
    return getattr(dataset, "_version", None) is not None


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
