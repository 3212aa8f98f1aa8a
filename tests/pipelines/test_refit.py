"""A model that passed is fit again on all labelled rows, or it is not released."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from churn_pipeline.features.params import FeatureEngineering
from churn_pipeline.models.settings import BoostingSettings
from churn_pipeline.pipelines.release.nodes import ReleaseParams, propose_release
from churn_pipeline.pipelines.release.refit import RefitError
from churn_pipeline.pipelines.training import nodes
from churn_pipeline.pipelines.training.families import FAMILIES, Family
from churn_pipeline.release.artifact import Artifact
from tests.factories import DECISION
from tests.pipelines.training.inputs import DATASET, FEATURE_SET, model_input, training

APPROVED = {
    "approved": True,
    "reasons": ["better"],
    "checks": [],
    "compared_with": "0",
}


def rows_of_every_split() -> pd.DataFrame:
    rows = model_input(1200)
    place = np.arange(1200)
    rows.loc[place % 12 == 11, "split"] = "gap"
    late = place % 24 == 23
    rows.loc[late, ["split", "label"]] = "not_mature", np.nan
    return rows


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the node reads, of a run with one family."""
    folder: Path = tmp_path_factory.mktemp("study")
    rows = rows_of_every_split()
    settings = training(folder, candidates=("boosting",))
    common = {"dataset": DATASET, "training": settings, "decision": DECISION}
    made = nodes.train_candidates(
        rows,
        FEATURE_SET,
        net_settings=dataclasses.asdict(settings.net),
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
    return {
        "model_input": rows,
        "feature_set": FEATURE_SET,
        "artifact": chosen["artifact"].restated(version="7"),
        "held_out_predictions": made["held_out"],
        "net_settings": dataclasses.asdict(settings.net),
        "gate_verdict": APPROVED,
        "metrics": {"roc_auc": 0.8},
        "model_card": "<p>the card",
        "fairness": pd.DataFrame(columns=["column", "group"]),
        "dependency_audit": None,
        "feature_engineering": FeatureEngineering(),
        "release": ReleaseParams(policy="auto", refit_margin=0.002),
        "seed": 1,
        **common,
    }


def refit_model(**given: Any) -> Artifact:
    return propose_release(**given).artifact


def test_the_verdict_travels_with_the_model_and_with_what_was_measured(given):
    release = propose_release(**given)
    assert release.measured is given["artifact"]
    assert (release.approved, release.reasons) == (True, ("better",))
    assert (release.compared_with, release.policy) == ("0", "auto")
    assert release.metrics == {"roc_auc": 0.8}


def test_a_verdict_that_says_nothing_releases_nothing(given):
    with pytest.raises(ValidationError):
        propose_release(**given | {"gate_verdict": {}})


def test_it_is_fit_on_every_labelled_row_and_keeps_the_figures_of_before(given):
    measured, served = given["artifact"].manifest, refit_model(**given).manifest
    rows = given["model_input"]
    assert measured.fitted.facts.rows == int((rows["split"] == "train").sum()) == 1000
    assert served.fitted.facts.rows == int(rows["label"].notna().sum()) == 1150
    assert served.is_refit
    assert served.measured.artifact == measured.digest
    assert served.measured.facts == measured.measured.facts
    assert served.measured.facts.rows == int((rows["split"] == "test").sum())
    assert (served.metrics, served.threshold) == (measured.metrics, measured.threshold)
    assert (served.version, served.hashes) == (measured.version, measured.hashes)


def test_what_serves_is_reviewed_and_not_what_was_measured(given):
    release = propose_release(**given)
    found = {f.name: f.outcome for f in release.review.findings}
    assert found == {
        "performance": "passed",
        "calibration": "passed",
        "bias": "not applicable",
        "security: hashes": "passed",
        "security: kinds of files": "passed",
        "security: no pickle": "passed",
        "security: operators": "passed",
        "security: known vulnerabilities": "warning",
        "compliance: sensitive columns": "passed",
        "compliance: model card": "failed",
        "compliance: manifest": "passed",
    }
    assert release.review.unmet == ("compliance: model card",)


def test_a_refused_model_is_reviewed_with_what_the_gate_said(given):
    refused = APPROVED | {"approved": False, "reasons": ["too few rows"]}
    review = propose_release(**given | {"gate_verdict": refused}).review
    assert review.failed[:2] == ("performance", "calibration")
    assert review.findings[0].found == "too few rows"


def test_the_refit_is_another_model_and_the_same_each_time(given):
    served = refit_model(**given)
    assert served.files == refit_model(**given).files
    apart = served.predict(given["model_input"]) - given["artifact"].predict(
        given["model_input"]
    )
    assert 0.001 < np.abs(apart).mean() < 0.1


def test_what_the_gate_refused_is_not_refit(given):
    refused = APPROVED | {"approved": False, "reasons": ["too few rows"]}
    release = propose_release(**given | {"gate_verdict": refused})
    assert release.artifact is given["artifact"]
    assert (release.approved, release.measured) == (False, None)


def test_a_refit_that_fails_releases_nothing_and_says_why(given, monkeypatch):
    def refuse(_splits, _training, _seed):
        raise MemoryError("too little memory")

    monkeypatch.setitem(FAMILIES, "boosting", Family(refuse))
    message = r"fit on all 1,150 rows .* got MemoryError: too .* nothing is released"
    with pytest.raises(RefitError, match=message):
        refit_model(**given)


def test_a_model_of_other_rows_is_not_refit_on_these(given):
    rows = given["model_input"]
    moved = rows.assign(use=rows["use"] + 1)
    with pytest.raises(RefitError, match=r"expected the model_input that 7 was made"):
        refit_model(**given | {"model_input": moved})


def test_a_refit_that_does_worse_on_held_out_rows_releases_nothing(given):
    worse = given["training"].model_copy(
        update={"boosting": BoostingSettings(max_trees=1, learning_rate=0.01)}
    )
    message = r"no worse on held-out rows than before, .* got worse by 0\.\d+"
    with pytest.raises(RefitError, match=message):
        refit_model(**given | {"training": worse})
    lax = ReleaseParams(policy="auto", refit_margin=1.0)
    assert refit_model(**given | {"training": worse, "release": lax}).manifest.is_refit


def test_a_refit_that_cannot_be_judged_releases_nothing(given):
    unknown = given["held_out_predictions"].assign(boosting=np.nan)
    with pytest.raises(RefitError, match="got worse by nan"):
        refit_model(**given | {"held_out_predictions": unknown})


def test_the_manifest_tells_that_costs_are_placeholders(given):
    chosen = nodes.choose_candidate(
        given["model_input"],
        dataclasses.replace(DECISION, assumed=True),
        training=given["training"],
        trained={"boosting": given["artifact"]},
        held_out=given["held_out_predictions"],
        seconds={"boosting": 1.0},
    )["artifact"]
    assert chosen.manifest.decision.assumed
    served = refit_model(**given | {"artifact": chosen})
    assert served.manifest.decision.assumed
