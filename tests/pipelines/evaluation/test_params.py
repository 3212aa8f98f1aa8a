"""The evaluation's parameters as they are written."""

import pytest

from tests.pipelines.evaluation.inputs import written_parameters


@pytest.mark.parametrize("env", ["base", "test"])
def test_parameters_as_written_are_valid(env):
    assert written_parameters(env).resamples >= 20
