"""The release parameters as they are written."""

import pytest
import yaml
from pydantic import ValidationError

from churn_pipeline.dataset import Dataset
from churn_pipeline.pipelines.release.nodes import ReleaseParams
from churn_pipeline.release.governance import Approver
from churn_pipeline.release.review.limits import ReviewLimits
from churn_pipeline.sensitive import looks_sensitive
from tests.conftest import ROOT


def test_the_policy_as_written_is_valid():
    text = (ROOT / "conf/base/parameters_release.yml").read_text("utf-8")
    written = ReleaseParams.model_validate(yaml.safe_load(text)["release"])
    assert (written.policy, written.refit_margin) == ("auto", 0.002)
    assert (written.approvers, written.four_eyes) == ((), False)
    assert written.review == ReviewLimits()


def test_a_name_that_is_written_twice_is_refused():
    with pytest.raises(ValidationError, match="each name once"):
        ReleaseParams(
            policy="auto",
            refit_margin=0.0,
            approvers=(Approver(name="ada"), Approver(name="ada", role="admin")),
        )


@pytest.mark.parametrize("env", ["base", "telco", "bank", "cell2cell"])
def test_what_is_shipped_declares_every_column_that_looks_sensitive(env):
    text = (ROOT / f"conf/{env}/dataset.yml").read_text("utf-8")
    described = yaml.safe_load(text)["dataset"] | {"name": "shipped"}
    tables = Dataset.model_validate(described).tables
    silent = [
        name
        for table in (tables.customers, tables.contracts)
        if table is not None
        for name, column in table.columns.items()
        if looks_sensitive(name, column.allowed or ()) and not column.sensitive
    ]
    assert silent == []
