"""Where a service keeps its keys, log and rollout."""

import pytest

from churn_pipeline.serving.place import service_folder


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../telco", "/etc", "a/"])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(ValueError, match="expected the name of a data set, got"):
        service_folder(name, {})


def test_an_empty_variable_is_none():
    assert service_folder("a", {"CHURN_SERVICE_DIR": ""}) == service_folder("a", {})
