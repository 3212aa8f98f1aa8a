from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import rtdl_num_embeddings
import tabm
import torch

from churn_pipeline.models.encoding import learn_encoding
from churn_pipeline.models.net import Embedding, StackedLinear

NO_CODES = torch.zeros(101, 0, dtype=torch.long)


def bins_of(made: Embedding, numbers: torch.Tensor) -> torch.Tensor:
    """Return the bins, (n_used, n_rows, n_bins + 1): without the constant one."""
    return made.encode(numbers, NO_CODES[: len(numbers)])[0].transpose(0, 1)[..., :-1]


def embedding(numbers: np.ndarray, n_bins: int = 4, members: int = 1) -> Embedding:
    codes = np.zeros((len(numbers), 0), np.int64)
    learnt = learn_encoding(numbers, codes, n_codes=(), n_bins=n_bins)
    return Embedding(learnt, members, 3)


def test_the_encoding_is_the_authors_within_the_training_range():
    x = np.random.default_rng(0).normal(size=(101, 2)).astype(np.float32)
    bins = rtdl_num_embeddings.compute_bins(torch.from_numpy(x), n_bins=4)
    theirs = rtdl_num_embeddings.PiecewiseLinearEncoding(bins)(torch.from_numpy(x))
    ours = bins_of(embedding(x), torch.from_numpy(x))[:, :, :-1]  # the last: missing
    torch.testing.assert_close(ours.transpose(0, 1).flatten(1), theirs)


def test_the_embedding_is_the_authors():
    torch.manual_seed(0)
    x = torch.randn(101, 2)
    ours = embedding(x.numpy())
    theirs = rtdl_num_embeddings.PiecewiseLinearEmbeddings(
        rtdl_num_embeddings.compute_bins(x, n_bins=4), 3, activation=True, version="A"
    )
    with torch.no_grad():
        theirs.linear.weight.copy_(ours.weight[0, :, :-1, :-1])
        theirs.linear.bias.copy_(ours.bias[0, :, :-1])
    units, linear = ours(*ours.encode(x, NO_CODES), None)
    torch.testing.assert_close(units[0], theirs(x).flatten(1))
    assert torch.equal(linear, torch.zeros(101, 1))


def test_stacked_layers_are_the_authors():
    torch.manual_seed(0)
    ours, theirs = StackedLinear(3, 5, 2), tabm.LinearEnsemble(5, 2, k=3)
    theirs.load_state_dict({"weight": ours.weight, "bias": ours.bias.squeeze(1)})
    x = torch.randn(7, 3, 5)
    found = ours(x.transpose(0, 1), None).transpose(0, 1)
    torch.testing.assert_close(found, theirs(x))


def test_values_out_of_range_count_as_its_ends():
    x = np.arange(100, dtype=np.float32)[:, None]
    asked = torch.tensor([[-1e9], [0.0], [1e9], [99.0]])
    low, first, high, last = bins_of(embedding(x), asked)[0]
    assert torch.equal(low, first)
    assert torch.equal(high, last)


def test_a_value_of_many_rows_has_a_bin_to_either_side():
    x = np.concatenate([np.zeros(60), np.linspace(1, 40, 40)]).astype(np.float32)
    learnt = learn_encoding(x[:, None], np.zeros((100, 0), int), n_codes=(), n_bins=4)
    edges = learnt.left[0][learnt.inverse_width[0] > 0]
    assert edges[:2].tolist() == [0.0, 1.0]
    assert len(edges) == 4


def test_few_values_have_an_edge_each():
    x = np.repeat(np.array([2, 3, 7], np.float32), 30)[:, None]
    learnt = learn_encoding(x, np.zeros((90, 0), np.int64), n_codes=(), n_bins=16)
    assert learnt.left.tolist() == [[2.0, 3.0]]
    assert learnt.inverse_width.tolist() == [[1.0, 0.25]]


def test_a_missing_value_has_an_input_of_its_own_where_training_had_some():
    x = np.arange(100, dtype=np.float32)[:, None].repeat(2, axis=1)
    x[:10, 0] = np.nan
    made = embedding(x)
    first, second = bins_of(made, torch.full((1, 2), torch.nan))
    assert first[0, -1] == 1
    # Where training had none, the median stands for it.
    assert second[0, -1] == 0
    median = torch.full((1, 2), float(np.median(x[:, 1])))
    torch.testing.assert_close(second, bins_of(made, median)[1])


def test_codes_without_training_rows_add_nothing():
    numbers = np.zeros((30, 0), np.float32)
    learnt = learn_encoding(numbers, np.full((30, 1), 2), n_codes=(4,), n_bins=4)
    made = Embedding(learnt, 2, 3)
    assert torch.equal(made.table[:, [0, 1, 3]], torch.zeros(2, 3, 4))
    assert (made.table[:, 2, :-1] != 0).all()


@pytest.mark.parametrize("values", [[5.0] * 50, [np.nan] * 50], ids=["same", "none"])
def test_a_column_that_says_nothing_has_no_input(values):
    beside = np.column_stack([values, np.arange(50)]).astype(np.float32)
    assert embedding(beside).column.tolist() == [1]


def test_the_models_import_with_torch_lightning_numpy_and_scikit_learn_alone():
    code = (
        "import sys\n"
        "for name in ('tabm','rtdl_num_embeddings','pydantic','optuna','onnx',"
        "'onnxruntime','safetensors','kedro','mlflow','ibis'): sys.modules[name]=None\n"
        "import churn_pipeline.models.tuning, churn_pipeline.models.boosting\n"
        "from tests.models.company import *\n"
        "table, label = made_up(300)\n"
        "rows = encode(table, label, learn(table))\n"
        "for family in ('net', 'logistic', 'boosting'):\n"
        "    made = fit(family, rows, learn(table).sizes)\n"
        "    assert made.logit(rows.numbers, rows.codes).shape == (300,)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
