"""Models made on a day of the replay, by the pipelines that make them otherwise."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from churn_pipeline.monitoring.decision import RetrainDecision
from churn_pipeline.pipelines import recalibration, retraining
from churn_pipeline.pipelines.release.refit import fit_on_all
from churn_pipeline.pipelines.retraining.nodes import Again
from churn_pipeline.pipelines.training.workers import usable_cores
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.proposal import Release
from churn_pipeline.release.reigning import Reigning
from churn_pipeline.replay.settings import Settings
from churn_pipeline.replay.slices import run
from churn_pipeline.replay.world import World

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Made:
    """A model that is proposed for a release, and what is looked up of it later.

    Attributes:
        release: What the registry takes.
        model_input: The rows that it was made from.
        held_out: Probabilities of rows by models that were not fit on them.
        net_settings: Settings of the net.
    """

    release: Release
    model_input: pd.DataFrame
    held_out: pd.DataFrame
    net_settings: dict[str, Any]


def version_of(day: dt.date) -> str:
    """Return the version of a model made on a day."""
    return f"{day}T03.00.00.000Z"


def train(
    world: World,
    settings: Settings,
    day: dt.date,
    *,
    reigning: Reigning | None,
    net_settings: dict[str, Any] | None = None,
    decided: RetrainDecision | None = None,
) -> Made:
    """Return a model trained, judged beside the champion and, if it passed, refit.

    Args:
        world: The history.
        settings: All parameters.
        day: The day.
        reigning: The champion; None before the first.
        net_settings: Of the champion.
        decided: What the watch decided; None before the first.
    """
    again = Again(
        reigning.served.manifest if reigning else None,
        decided.learn_from if decided else None,
        settings.monitoring.retrain,
        settings.seed,
    )
    rows = again.rows(
        lambda asked: world.model_input(day, asked.split, seed=settings.seed),
        settings.feature_engineering,
        settings.dataset,
    )
    given = {
        **_given(world, settings),
        "model_input": rows,
        "net_settings_of_champion": net_settings,
        "reigning_champion": reigning,
        "last_retraining_decision": decided.model_dump(mode="json")
        if decided
        else None,
    }
    whole = retraining.create_pipeline()
    names = ("artifact", "test_predictions", "held_out_predictions", "net_settings")
    made = run(whole.from_inputs("model_input").to_outputs(*names), given, *names)
    made["artifact"] = made["artifact"].restated(version=version_of(day))
    judging = whole.from_inputs("artifact").to_outputs("champion")
    release = run(judging, given | made, "champion")["champion"]
    return Made(release, rows, made["held_out_predictions"], made["net_settings"])


def recalibrate(
    world: World,
    settings: Settings,
    day: dt.date,
    *,
    reigning: Reigning,
    of: Made,
    decided: RetrainDecision,
) -> Made:
    """Return the champion with another calibration, judged on newer rows.

    Args:
        world: The history.
        settings: All parameters.
        day: The day.
        reigning: The champion.
        of: As what it was made.
        decided: What the watch decided.

    Raises:
        ValueError: There is no newer row with a label.
    """
    split = settings.feature_engineering.split
    given = {
        **_given(world, settings),
        "model_input": world.model_input(day, split, seed=settings.seed),
        "model_input_of_champion": of.model_input,
        "net_settings_of_champion": of.net_settings,
        "reigning_champion": reigning,
        "last_retraining_decision": decided.model_dump(mode="json"),
    }
    whole = recalibration.create_pipeline()
    names = ("recalibrated", "recalibrated_rows")
    made = run(whole.to_outputs(*names), given, *names)
    made["recalibrated"] = made["recalibrated"].restated(version=version_of(day))
    found = run(
        whole.from_inputs(*names),
        given | made,
        *("champion", "held_out_predictions", "net_settings"),
    )
    return Made(
        found["champion"],
        given["model_input"],
        found["held_out_predictions"],
        found["net_settings"],
    )


def fit_all(world: World, settings: Settings, day: dt.date, family: str) -> Artifact:
    """Return a model of every label that is known on a day, released unasked."""
    rows = world.seen(day)
    labelled = rows[rows["label"].notna()].reset_index(drop=True)
    made, _ = fit_on_all(
        labelled,
        world.feature_set,
        family=family,
        net_settings=vars(settings.training.net),
        recipe=settings.recipe,
        threads=settings.training.threads or usable_cores(),
    )
    return made


def _given(world: World, settings: Settings) -> dict[str, Any]:
    """Return what every pipeline of models reads."""
    return {
        **settings.parameters,
        "feature_set": world.feature_set,
        "true_churn_probability": None,
        "dependency_audit": None,
        "data_quality": {"findings": []},
    }
