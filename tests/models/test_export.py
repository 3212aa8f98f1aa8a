"""The exported graph answers as the model that was trained, for every family."""

from __future__ import annotations

import io

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import load

from churn_pipeline.models.calibration import fit_calibration
from churn_pipeline.models.classifier import Classifier
from churn_pipeline.models.conformal import fit_conformal
from churn_pipeline.models.table import Table
from tests.models.company import encode, fit, learn, made_up

FAMILIES = ("net", "logistic", "boosting")


def classifier(family: str, table: Table, label: np.ndarray) -> Classifier:
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    cut = 2 * len(rows) // 3
    held_out = rows.take(slice(cut, None))
    model = fit(family, rows.take(slice(0, cut)), vocabulary.sizes)
    logit = model.logit(held_out.numbers, held_out.codes)
    calibration = fit_calibration(logit, held_out.label, prior_rows=50)
    probability = calibration.probability(logit)
    conformal = fit_conformal(probability, held_out.label, coverage=0.9)
    return Classifier(model, vocabulary, calibration, conformal)


def exported(made: Classifier, table: Table) -> np.ndarray:
    session = onnxruntime.InferenceSession(made.to_onnx())
    inputs = {"numbers": table.numbers, "categories": table.categories}
    given = {put.name: inputs[put.name] for put in session.get_inputs()}
    return session.run(["churn_probability"], given)[0]


def with_odd_values(table: Table) -> Table:
    """Add missing, never-seen, infinite and huge values to many rows."""
    rng = np.random.default_rng(5)
    numbers, texts = table.numbers.copy(), table.categories.copy()
    numbers[rng.random(numbers.shape) < 0.2] = np.nan
    texts[rng.random(texts.shape) < 0.1] = ""
    texts[rng.random(texts.shape) < 0.1] = "never seen"
    numbers[:4] = np.array([np.inf, -np.inf, 3e38, 1e-40])[:, None]
    return Table(numbers, texts)


@pytest.mark.parametrize("family", FAMILIES)
def test_training_side_and_graph_agree_on_every_row(family):
    made = classifier(family, *made_up())
    table = with_odd_values(made_up(seed=1)[0])
    expected = made.probability(table)
    assert np.abs(exported(made, table) - expected).max() <= 1e-6
    assert np.all((expected > 0) & (expected < 1))
    assert len(np.unique(expected)) > 50


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_rows_give_the_same_files(family):
    first, second = (classifier(family, *made_up(400)) for _ in range(2))
    assert first.to_onnx() == second.to_onnx()
    assert first.to_safetensors() == second.to_safetensors()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kept", ["one number", "one text", "a constant"])
def test_a_single_column_is_enough(family, kept):
    table, label = made_up(400)
    numbers = {"one number": [0], "one text": [], "a constant": [3]}[kept]
    texts = [0] if kept == "one text" else []
    table = Table(table.numbers[:, numbers], table.categories[:, texts])
    made = classifier(family, table, label)
    expected = made.probability(table)
    assert np.abs(exported(made, table) - expected).max() <= 1e-6
    if kept == "a constant":
        assert np.ptp(expected) < 1e-6
        assert expected[0] == pytest.approx(label.mean(), abs=0.1)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_hold_all_that_was_learnt_and_nothing_pickled(family):
    made = classifier(family, *made_up(400))
    arrays = load(made.to_safetensors())
    learnt = made.model.arrays()
    assert {f"model.{name}" for name in learnt} < set(arrays)
    for name, array in learnt.items():
        np.testing.assert_array_equal(arrays[f"model.{name}"], array)
    with pytest.raises(ValueError, match="pickled"):
        np.load(io.BytesIO(made.to_safetensors()), allow_pickle=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_more_text_columns_are_no_more_operators(family):
    table, label = made_up(400)
    few = Table(table.numbers, table.categories[:, :1])
    many = Table(table.numbers, np.repeat(table.categories[:, :1], 9, axis=1))
    made = classifier(family, many, label)
    assert n_operators(made) == n_operators(classifier(family, few, label))
    assert np.abs(exported(made, many) - made.probability(many)).max() <= 1e-6


def n_operators(made: Classifier) -> int:
    return len(onnx.load_from_string(made.to_onnx()).graph.node)
