"""The release parameters as they are written."""

import yaml

from churn_pipeline.pipelines.release.nodes import ReleaseParams
from tests.conftest import ROOT


def test_the_policy_as_written_is_valid():
    text = (ROOT / "conf/base/parameters_release.yml").read_text("utf-8")
    written = ReleaseParams.model_validate(yaml.safe_load(text)["release"])
    assert (written.policy, written.refit_margin) == ("auto", 0.002)
