"""The evaluation pipeline's run, which several tests look at."""

import pytest

from churn_pipeline.release.reigning import Reigning
from tests.pipelines.evaluation.inputs import evaluate, made_up_inputs


@pytest.fixture(scope="package")
def inputs():
    return made_up_inputs()


@pytest.fixture(scope="package")
def first(inputs):
    return evaluate(inputs)


@pytest.fixture(scope="package")
def against_itself(inputs):
    reigning = Reigning(inputs["artifact"], inputs["artifact"])
    return evaluate({**inputs, "reigning_champion": reigning})
