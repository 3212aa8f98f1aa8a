"""`kedro churn rollout finish`: who was tried with success becomes the champion."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from churn_pipeline.cli.keys import service_of
from churn_pipeline.cli.project import env_option
from churn_pipeline.cli.registry import refusals, releases_of
from churn_pipeline.cli.session import session_of
from churn_pipeline.processes import account

if TYPE_CHECKING:
    from churn_pipeline.release.releases import Releases
    from churn_pipeline.serving.rollout.results import Experiment
    from churn_pipeline.serving.rollout.spec import RolloutState
    from churn_pipeline.serving.rollout.state import Rollout

BY_RULE = "auto"
"""Of `release.after_canary`."""


def now() -> dt.datetime:
    """Return the time, UTC."""
    return dt.datetime.now(dt.UTC)


@click.command()
@env_option
def finish(env: str | None) -> None:
    """Make a model champion whose canary has gone all the way, where rules allow it.

    It has where its last step is proven as every step before it was. With
    `release.after_canary: ask` the command for a person is told instead.

    Example: kedro churn rollout finish --env telco
    """
    click.echo(finish_now(env) or "nothing to finish: no canary is under way")


def finish_now(env: str | None) -> str:
    """Do what is to be done after a canary, see `finished`.

    Raises:
        ClickException: It cannot be done, in words.
    """
    try:
        with refusals():
            return finished(env, at=now())
    except (ValueError, OSError) as error:  # of the rollout's files
        raise click.ClickException(str(error)) from error


def finished(env: str | None, *, at: dt.datetime) -> str:
    """Release a challenger that was tried with success, and end its experiment.

    Safe to repeat: after a kill in between the rest is done.

    Args:
        env: The data set.
        at: The time, with its zone.

    Returns:
        What was done, or why nothing was, as one line; empty without a canary.

    Raises:
        ReleaseError: Another champion reigns than its gate compared it with.
    """
    from churn_pipeline.serving.rollout.state import FILE, Rollout

    rollout, releases = Rollout(service_of(env) / FILE), releases_of(env)
    state = rollout.state
    pointer = releases.store.pointer()
    if pointer is not None and pointer.version == state.challenger:
        return _end(rollout, "is the champion by now")
    if state.canary is None:
        return ""
    if why := _why_not(rollout, releases, at):
        return f"nothing to finish: {why}"
    proven = f"canary: proven at {state.percentage:g} % since {state.time}"
    if _rule(env) != BY_RULE:
        place = f" --env {env}" if env else ""
        return f"{proven}; to release it: kedro churn approve{place} {state.challenger}"
    releases.promote(str(state.challenger), reason=proven)
    return _end(rollout, proven)


def end_trial(env: str | None, version: str) -> str:
    """End the experiment of a version that was rejected; empty where there is none.

    Args:
        env: The data set.
        version: Its id.

    Raises:
        ClickException: It still goes on, and what ends it.
    """
    from churn_pipeline.serving.rollout.state import FILE, Rollout

    try:
        rollout = Rollout(service_of(env) / FILE)
        if rollout.state.challenger != version:
            return ""
        return _end(rollout, "was rejected")
    except (ValueError, OSError) as error:  # of the rollout's files
        raise click.ClickException(
            f"customers may still get {version}: {error}; end it with `kedro churn "
            "rollout abort --reason WHY`"
        ) from error


def _why_not(rollout: Rollout, releases: Releases, at: dt.datetime) -> str:
    """Return why the canary has not gone all the way; empty where it has."""
    from churn_pipeline.serving.rollout.canary import why_not_done

    return why_not_done(rollout, at, experiment_of(rollout.state, releases, at))


def experiment_of(
    state: RolloutState, releases: Releases, at: dt.datetime
) -> Experiment | None:
    """Return the results on matured labels; None before the first answer.

    Args:
        state: The rollout in force.
        releases: Of the data set.
        at: The time, with its zone.
    """
    from churn_pipeline.cli.journal import has_journal, opened
    from churn_pipeline.serving.journal.feedback import maturity_days
    from churn_pipeline.serving.rollout.results import results
    from churn_pipeline.serving.rollout.tally import tally

    champion = releases.store.champion()
    if champion is None or not has_journal(releases):
        return None
    manifest = champion.manifest
    with opened(releases) as store:
        found = tally(
            store.database,
            state,
            maturity_days=maturity_days(manifest.label),
            now_ns=int(at.timestamp() * 1e9),
            decision=manifest.decision,
            champion=manifest.version,
        )
    return results(found, state)


def _rule(env: str | None) -> str:
    """Return who decides after a canary."""
    release = session_of(env).load_context().params["release"]
    return str(release.get("after_canary", "ask"))


def _end(rollout: Rollout, why: str) -> str:
    """End the experiment of the challenger, on behalf of this account."""
    from churn_pipeline.serving.rollout.begin import end_canary

    return end_canary(rollout, who=account(), why=why)
