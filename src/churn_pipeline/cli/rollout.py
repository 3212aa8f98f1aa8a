"""`kedro churn rollout`: who gets which model, from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from churn_pipeline.cli.canary import experiment_of, finish, now
from churn_pipeline.cli.keys import service_of
from churn_pipeline.cli.project import env_option
from churn_pipeline.cli.registry import releases_of
from churn_pipeline.processes import account

if TYPE_CHECKING:
    from churn_pipeline.serving.rollout.results import Measured
    from churn_pipeline.serving.rollout.spec import Decided, RolloutState
    from churn_pipeline.serving.rollout.state import Rollout

reason_option = click.option(
    "--reason", required=True, help="Why; kept in the ledger of the rollout."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="JSON on standard out."
)
NONE = "none"


@click.group()
def rollout() -> None:
    """Try a challenger on a share of the customers, and stop it."""


@rollout.command()
@env_option
@json_option
@click.option("--history", is_flag=True, help="Every change, the newest last.")
def show(env: str | None, as_json: bool, history: bool) -> None:
    """Show what is in force and what came of it, or who changed it, when and why.

    The results are those of GET /experiment, counted from the prediction log.

    Example: kedro churn rollout show --history
    """
    with refusals():
        found = _rollout_of(env)
        decided = found.ledger.read() if history else []
    if as_json:
        told = [entry.model_dump(mode="json") for entry in decided]
        state = found.state.model_dump(mode="json")
        click.echo(json.dumps(told if history else state, indent=2))
        return
    click.echo("\n".join(_history(decided) if history else _lines(found.state)))
    if not history and (found.state.challenger or found.state.shadow):
        with refusals():
            click.echo("\n".join(_results(found.state, env)))


@rollout.command(name="set")
@click.option("--challenger", metavar="VERSION", help="The model to try, or `none`.")
@click.option(
    "--percentage", type=float, help="Share of the customers who get it, 0 to 100."
)
@click.option(
    "--canary",
    metavar="STEPS",
    help="Steps to go up by itself: 1,5,25,50,100, or none.",
)
@click.option("--shadow", metavar="VERSION", help="A model to ask unseen, or `none`.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON with any field of PUT /rollout: exclude, overrides, canary, …",
)
@click.option(
    "--if-version", type=int, help="Refuse where another state is in force by now."
)
@reason_option
@env_option
def set_(
    *,
    challenger: str | None,
    percentage: float | None,
    canary: str | None,
    shadow: str | None,
    file: Path | None,
    if_version: int | None,
    reason: str,
    env: str | None,
) -> None:
    """Change what is named; the rest stays. Services follow within a second or two.

    VERSION is its MAJOR.MINOR.PATCH, its id, or its number in MLflow.

    Example: kedro churn rollout set --challenger 1.2.0 --percentage 5 --reason "A/B"
    """
    from churn_pipeline.serving.rollout.spec import RolloutChange, sent_to
    from churn_pipeline.serving.rollout.state import refuse_own_shadow

    with refusals():
        found = _rollout_of(env)
        asked = json.loads(file.read_text("utf-8")) if file else {}
        if challenger == NONE:
            asked = {"percentage": 0, "canary": None, **asked}
        asked |= {} if percentage is None else {"percentage": percentage}
        asked |= {} if canary is None else {"canary": _canary(canary)}
        for name, version in (("challenger", challenger), ("shadow", shadow)):
            if version is not None:
                asked[name] = None if version == NONE else _version(version, env)
        # A person who names no state changes the one that is there.
        asked["version"] = found.state.version if if_version is None else if_version
        change = RolloutChange.model_validate(asked)
        _refuse_closed(sent_to(found.state, change), env)
        refuse_own_shadow(change.shadow, _champion(env) if change.shadow else None)
        state = found.update(change, who=account(), why=reason)
    click.echo("\n".join(_lines(state)))


@rollout.command()
@reason_option
@env_option
def abort(reason: str, env: str | None) -> None:
    """Send everybody to the champion; end canary and shadow.

    Example: kedro churn rollout abort --reason "complaints from the call centre"
    """
    with refusals():
        state = _rollout_of(env).abort(who=account(), why=reason)
    click.echo("\n".join(_lines(state)))


rollout.add_command(finish)


def _rollout_of(env: str | None) -> Rollout:
    from churn_pipeline.serving.place import ROLLOUT
    from churn_pipeline.serving.rollout.state import Rollout

    return Rollout(service_of(env) / ROLLOUT)


def _version(name: str, env: str | None) -> str:
    """Return the id of a registered version.

    Raises:
        LookupError: There is none of this name.
    """
    from churn_pipeline.release.numbering import find

    releases = releases_of(env)
    return find(releases.store, releases.registry, name)


def _refuse_closed(challenger: str | None, env: str | None) -> None:
    """Check that customers may get a version.

    Raises:
        ValueError: Its gate, a check or a person keeps it from them.
    """
    from churn_pipeline.release.objections import closed

    why_not = challenger and closed(releases_of(env).store, challenger)
    if why_not:
        raise ValueError(
            f"expected a challenger that customers may get, got one that they may "
            f"not: {why_not}. `--shadow` asks it unseen"
        )


def _champion(env: str | None) -> str | None:
    """Return the id of the version that serves; None: none does yet."""
    pointer = releases_of(env).store.pointer()
    return pointer.version if pointer else None


def _canary(steps: str) -> dict[str, Any] | None:
    return None if steps == NONE else {"steps": [float(s) for s in steps.split(",")]}


def _lines(state: RolloutState) -> Iterator[str]:
    if state.version:
        yield f"state {state.version} of the rollout, in force since {state.time}"
    else:
        yield "nothing was set yet (state 0 of the rollout)"
    if state.stopped:
        yield f"stopped: {state.stopped}"
    if state.challenger is None:
        yield "no challenger: everybody gets the champion"
    else:
        yield f"challenger {state.challenger}: {state.percentage:g} % of the customers"
    if state.canary:
        steps = ", ".join(f"{step:g}" for step in state.canary.steps)
        yield f"canary: goes up by itself, {steps} %"
    if state.shadow:
        yield f"shadow: {state.shadow}"
    for segment in state.exclude:
        told = segment.model_dump(exclude_defaults=True, exclude={"feature"})
        said = ", ".join(f"{name} {value}" for name, value in told.items())
        yield f"excluded: {segment.feature} {said}"
    if state.overrides:
        yield f"customers who always get the same side: {len(state.overrides):,}"


def _results(state: RolloutState, env: str | None) -> list[str]:
    """Return what came of the experiment, in words."""
    from churn_pipeline.cli.wording import columns

    releases = releases_of(env)
    champion = releases.store.champion()
    if champion is not None and champion.manifest.version == state.challenger:
        return ["verdict: none, the challenger is the champion: nothing is tried"]
    told = experiment_of(state, releases, now())
    if told is None:
        return ["no results yet: no champion has answered"]
    arms = ", ".join(f"{name} {n:,}" for name, n in told.customers.items())
    rows = [_measured(m, "challenger") for m in told.metrics]
    rows += [_measured(m, "shadow") for m in told.shadow]
    return [
        f"verdict: {told.verdict}, by {told.primary}",
        f"labels matured as of {told.as_of}: answers until {told.matured_until}",
        f"customers who count: {arms}",
        *columns(rows),
    ]


def _measured(found: Measured, name: str) -> tuple[str, str]:
    """Return a metric and what it says of a model; profit is money a customer."""
    means = f"champion {found.champion:.4g}, {name} {found.challenger:.4g}"
    if found.low is None or found.high is None:
        return found.metric, f"{means}: too few customers to tell"
    interval = f"{found.low:+.4g} to {found.high:+.4g}"
    return found.metric, (
        f"{means}: {found.difference:+.4g} ({interval}), {found.verdict}"
    )


def _history(decided: list[Decided]) -> Iterator[str]:
    if not decided:
        yield "no change yet"
    for entry in decided:
        share = f"{entry.old.percentage:g} % -> {entry.new.percentage:g} %"
        tried = entry.new.challenger or "no challenger"
        told = (entry.time, entry.who, entry.action, tried, share)
        yield "  ".join((*told, *_shadows(entry), entry.why))


def _shadows(entry: Decided) -> Iterator[str]:
    """Yield which shadow answers from then on, or no longer does."""
    if entry.new.shadow:
        yield f"shadow {entry.new.shadow}"
    elif entry.old.shadow:
        yield f"shadow {entry.old.shadow} ended"


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal in words, with an exit code above 0."""
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        raise click.ClickException(
            "; ".join(
                f"{'.'.join(map(str, found['loc'])) or 'rollout'}: {found['msg']}, got "
                f"{found['input']!r:.80}"
                for found in error.errors(include_url=False)
            )
        ) from error
    except (ValueError, OSError, LookupError) as error:
        message = error.args[0] if isinstance(error, LookupError) else error
        raise click.ClickException(str(message)) from error
