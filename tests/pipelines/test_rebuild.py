"""A past release is made again to the same bytes, or refused with what differs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.pipelines.recalibration.nodes import recalibrate
from churn_pipeline.pipelines.release import rebuild as making
from churn_pipeline.pipelines.release.rebuild import (
    Kept,
    RebuildError,
    rebuild,
    rebuild_recalibration,
)
from churn_pipeline.pipelines.release.recipe import (
    read_recipe,
    recipe_of_recalibration,
    recipe_of_training,
)
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.package import Recipe, code_hash
from churn_pipeline.pipelines.training.params import Training
from churn_pipeline.release.integrity import ArtifactError
from churn_pipeline.release.reigning import Reigning
from tests.factories import DECISION, TINY_DECISION, tiny_artifact, tiny_columns
from tests.pipelines.test_refit import refit_model, rows_of_every_split
from tests.pipelines.training.inputs import DATASET, FEATURE_SET, training


@pytest.fixture(scope="module", params=["boosting", "net"])
def kept(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A release of one family, as its run left it."""
    folder: Path = tmp_path_factory.mktemp("study")
    rows = rows_of_every_split()
    settings = training(folder, candidates=(request.param,))
    tuned = dataclasses.asdict(settings.net)
    common = {"dataset": DATASET, "training": settings, "decision": DECISION}
    made = nodes.train_candidates(
        rows,
        FEATURE_SET,
        net_settings=tuned,
        feature_engineering=FeatureEngineering(),
        seed=1,
        **common,
    )
    chosen = nodes.choose_candidate(
        rows,
        DECISION,
        training=settings,
        **{name: made[name] for name in ("trained", "held_out", "seconds")},
    )
    measured = chosen["artifact"].restated(version="7")
    recipe = Recipe(DATASET, FeatureEngineering(), settings, DECISION, 1)
    from churn_pipeline.pipelines.release.nodes import ReleaseParams

    served = refit_model(
        model_input=rows,
        feature_set=FEATURE_SET,
        artifact=measured,
        held_out_predictions=made["held_out"],
        net_settings=tuned,
        gate_verdict={"approved": True, "reasons": [], "checks": []},
        metrics={},
        model_card="",
        fairness=pd.DataFrame(),
        dependency_audit=None,
        feature_engineering=FeatureEngineering(),
        release=ReleaseParams(policy="auto", refit_margin=0.1),
        seed=1,
        **common,
    )
    test = rows[rows["split"] == "test"]
    return Kept(
        artifact=served,
        measured=measured,
        recipe=read_recipe(recipe_of_training(recipe, tuned).encode()),
        model_input=rows,
        feature_set=FEATURE_SET,
        scores=test.assign(churn_probability=measured.predict(test)),
    )


def test_every_byte_is_the_same_again(kept):
    found = {part.what: part for part in rebuild(kept)}
    assert list(found) == [
        "measured: model.onnx",
        "measured: weights.safetensors",
        "measured: golden rows",
        "measured: all rows of model_input",
        "scored_test_rows, as the run wrote them",
        "registered: model.onnx",
        "registered: weights.safetensors",
        "registered: golden rows",
        "registered: all rows of model_input",
    ]
    assert [part.what for part in found.values() if not part.same] == []
    assert found["registered: all rows of model_input"].values == 1200
    assert found["registered: golden rows"].apart == 0.0


def test_another_byte_is_told_with_how_far_apart(kept):
    moved = kept.scores.assign(churn_probability=kept.scores["churn_probability"] + 0.1)
    found = rebuild(dataclasses.replace(kept, scores=moved))
    (other,) = [part for part in found if not part.same]
    assert other.what == "scored_test_rows, as the run wrote them"
    assert other.apart == pytest.approx(0.1)
    assert other.before != other.after


def test_other_rows_code_packages_and_parameters_are_each_refused(kept, monkeypatch):
    rows = kept.model_input
    moved = dataclasses.replace(kept, model_input=rows.assign(use=rows["use"] + 1))
    with pytest.raises(RebuildError, match=r"data of sha256 .*, here "):
        rebuild(moved)
    fewer = dataclasses.replace(kept, model_input=rows[rows["split"] != "gap"])
    with pytest.raises(RebuildError, match="rows of the refit of sha256"):
        rebuild(fewer)
    seeded = kept.recipe.model_copy(update={"seed": 2})
    with pytest.raises(RebuildError, match="parameters of sha256"):
        rebuild(dataclasses.replace(kept, recipe=seeded))
    older = kept.artifact.manifest.packages | {"numpy": "1.0.0"}
    with pytest.raises(RebuildError, match=r"numpy 1\.0\.0, here 2\."):
        rebuild(
            dataclasses.replace(kept, artifact=kept.artifact.restated(packages=older))
        )
    monkeypatch.setattr(making, "code_hash", lambda: "f" * 64)
    with pytest.raises(RebuildError, match=r"code of sha256 .*, here ffffffffffff"):
        rebuild(kept)


def test_a_kept_recipe_is_the_parameters_without_the_address_of_the_study(kept):
    recipe = kept.recipe
    assert recipe.recipe.seed == 1
    assert recipe.costs == DECISION
    assert recipe.recipe.dataset == DATASET
    assert recipe.training.tuning.storage == Training().tuning.storage


def test_a_recipe_that_cannot_be_read_is_refused():
    with pytest.raises(ArtifactError, match="rebuild with the code that made it"):
        read_recipe(b'{"kind": "training"}')


def test_a_calibration_made_again_is_made_once_more():
    champion = tiny_artifact().restated(hashes=_here())
    last, columns = champion.manifest.fitted.facts.last, tiny_columns(600, 2)
    chance = champion.predict(columns)
    newer = pd.DataFrame(
        {
            "customer_id": [str(i) for i in range(600)],
            "observation_date": last + dt.timedelta(days=30),
            "label": (np.random.default_rng(1).random(600) < chance).astype(float),
            **columns,
        }
    )
    known = newer.assign(observation_date=last)
    reigning = Reigning(champion, champion)
    feature_set: dict[str, Any] = {"sensitive": []}
    made = recalibrate(
        newer,
        known,
        feature_set=feature_set,
        reigning_champion=reigning,
        last_retraining_decision=None,
        training=Training(),
        decision=TINY_DECISION,
        seed=1,
    )["recalibrated"]
    text = recipe_of_recalibration(Training(), TINY_DECISION, 1)
    kept = Kept(made, champion, read_recipe(text.encode()), newer, feature_set)
    found = rebuild_recalibration(kept, reigning, known)
    assert all(part.same for part in found)
    assert len(found) == 4
    moved = known.assign(customer_id="x" + known["customer_id"])
    with pytest.raises(RebuildError, match="data of sha256"):
        rebuild_recalibration(kept, reigning, moved)


def _here() -> dict[str, str]:
    return {"data": "0" * 64, "code": code_hash(), "parameters": "2" * 64}
