"""A model gets another calibration, and is otherwise the same model."""

import numpy as np
import pytest
from safetensors.numpy import load

from churn_pipeline.models.calibration import Calibration, sigmoid
from churn_pipeline.models.recalibration import (
    UNCALIBRATED,
    recalibrated,
    recalibrated_weights,
)
from churn_pipeline.models.table import read_table
from churn_pipeline.release.artifact import MODEL, WEIGHTS
from churn_pipeline.release.session import Session
from tests.factories import tiny_artifact, tiny_columns

ARTIFACT = tiny_artifact()
TABLE = read_table(
    tiny_columns(), numbers=["tenure_months", "monthly_charge"], categories=["plan"]
)
OTHER = Calibration(0.5, 1.5, -0.7)


def _answers(calibration):
    model = recalibrated(ARTIFACT.files[MODEL], calibration)
    return Session(model).probability(TABLE)


def test_the_map_is_another_and_the_logit_the_same():
    plain = _answers(UNCALIBRATED)
    logit = np.log(plain) - np.log1p(-plain)
    assert _answers(OTHER) == pytest.approx(OTHER.probability(logit), abs=1e-6)
    assert sigmoid(logit) == pytest.approx(plain)


def test_its_own_map_gives_the_same_model_again():
    own = load(ARTIFACT.files[WEIGHTS])["calibration.map"]
    same = recalibrated(ARTIFACT.files[MODEL], Calibration(*own.tolist()))
    assert Session(same).probability(TABLE) == pytest.approx(
        ARTIFACT.predict(tiny_columns()), abs=1e-7
    )


def test_the_weights_say_so_and_hold_the_rest():
    before = load(ARTIFACT.files[WEIGHTS])
    after = load(recalibrated_weights(ARTIFACT.files[WEIGHTS], OTHER))
    assert after["calibration.map"].tolist() == [0.5, 1.5, -0.7]
    rest = set(before) - {"calibration.map"}
    assert set(after) == set(before)
    assert all(np.array_equal(after[name], before[name]) for name in rest)


def test_a_model_without_a_calibration_is_refused():
    from onnx import TensorProto, helper

    shape = (TensorProto.FLOAT, ["n"])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["churn_probability"])],
        "other",
        [helper.make_tensor_value_info("x", *shape)],
        [helper.make_tensor_value_info("churn_probability", *shape)],
    )
    with pytest.raises(ValueError, match="got an input in place of Cast"):
        recalibrated(helper.make_model(graph).SerializeToString(), OTHER)
