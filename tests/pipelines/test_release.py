"""The release pipeline: what is proposed for release."""

import pytest
import yaml
from pydantic import ValidationError

from churn_pipeline.pipelines.release.nodes import ReleaseParams, propose_release
from tests.conftest import ROOT
from tests.factories import tiny_artifact


def _propose(verdict, policy="approval"):
    return propose_release(
        tiny_artifact("1"), verdict, {"roc_auc": 0.8}, ReleaseParams(policy=policy)
    )


@pytest.mark.parametrize("approved", [True, False])
def test_the_verdict_travels_with_the_model(approved):
    verdict = {
        "approved": approved,
        "reasons": ["because"],
        "checks": [],
        "compared_with": "0",
    }
    release = _propose(verdict)
    assert release.compared_with == "0"
    assert (release.approved, release.reasons) == (approved, ("because",))
    assert (release.policy, release.metrics) == ("approval", {"roc_auc": 0.8})


def test_a_verdict_that_says_nothing_releases_nothing():
    with pytest.raises(ValidationError):
        _propose({})


def test_the_policy_as_written_is_valid():
    text = (ROOT / "conf/base/parameters_release.yml").read_text("utf-8")
    written = ReleaseParams.model_validate(yaml.safe_load(text)["release"])
    assert written.policy == "auto"
