"""A service whose page looks at folders of a test's own."""

import pytest

from tests.factories import tiny_artifact
from tests.serving.apps import app_of, client_of
from tests.serving.desk.files import leave_list


@pytest.fixture
def app(tmp_path):
    return app_of(
        tiny_artifact(),
        CHURN_REPORT_DIR=str(tmp_path / "reports"),
        CHURN_OUTPUT_DIR=str(tmp_path / "outputs"),
    )


@pytest.fixture
def client(app):
    return client_of(app)


@pytest.fixture
def outputs(tmp_path):
    leave_list(tmp_path / "outputs" / "tiny")
    return tmp_path / "outputs" / "tiny"
