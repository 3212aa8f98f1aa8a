from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import rtdl_num_embeddings
import tabm
import torch

from churn_pipeline.models.net import Encoder, StackedLinear, learn_encoding

NO_CODES = np.zeros((100, 0), np.int64)


def encoder(numbers: np.ndarray, n_bins: int = 4) -> Encoder:
    codes = np.zeros((len(numbers), 0), np.int64)
    return Encoder(learn_encoding(numbers, codes, n_codes=(), n_bins=n_bins))


def test_the_encoding_is_the_authors_within_the_training_range():
    x = np.random.default_rng(0).normal(size=(101, 2)).astype(np.float32)
    bins = rtdl_num_embeddings.compute_bins(torch.from_numpy(x), n_bins=4)
    theirs = rtdl_num_embeddings.PiecewiseLinearEncoding(bins)(torch.from_numpy(x))
    ours = encoder(x)(torch.from_numpy(x), torch.zeros(101, 0, dtype=torch.long))
    torch.testing.assert_close(ours, theirs)


def test_stacked_layers_are_the_authors():
    torch.manual_seed(0)
    ours, theirs = StackedLinear(3, 5, 2), tabm.LinearEnsemble(5, 2, k=3)
    theirs.load_state_dict({"weight": ours.weight, "bias": ours.bias.squeeze(1)})
    x = torch.randn(7, 3, 5)
    torch.testing.assert_close(ours(x.transpose(0, 1)).transpose(0, 1), theirs(x))


def test_values_out_of_range_count_as_its_ends():
    x = np.arange(100, dtype=np.float32)[:, None]
    asked = torch.tensor([[-1e9], [0.0], [1e9], [99.0]])
    low, first, high, last = encoder(x)(asked, torch.zeros(4, 0, dtype=torch.long))
    assert torch.equal(low, first)
    assert torch.equal(high, last)


def test_a_missing_value_has_an_input_of_its_own_where_training_had_some():
    x = np.arange(100, dtype=np.float32)[:, None].repeat(2, axis=1)
    x[:10, 0] = np.nan
    row = torch.tensor([[float("nan"), float("nan")]])
    made = encoder(x)
    assert made.gaps.tolist() == [0]
    assert made(row, torch.zeros(1, 0, dtype=torch.long))[0, -1] == 1
    # Where training had none, the median stands for it.
    seen = torch.tensor([[float("nan"), float(np.median(x[:, 1]))]])
    torch.testing.assert_close(
        made(row, torch.zeros(1, 0, dtype=torch.long)),
        made(seen, torch.zeros(1, 0, dtype=torch.long)),
    )


def test_codes_without_training_rows_add_nothing():
    numbers = np.zeros((30, 0), np.float32)
    for size in (4, 40):
        codes = np.full((30, 1), 2)
        learnt = learn_encoding(numbers, codes, n_codes=(size,), n_bins=4)
        out = Encoder(learnt)(torch.zeros(2, 0), torch.tensor([[0], [2]]))
        assert torch.equal(out[0], torch.zeros_like(out[0]))
        assert out[1].abs().sum() > 0


@pytest.mark.parametrize("values", [[5.0] * 50, [np.nan] * 50], ids=["same", "none"])
def test_a_column_that_says_nothing_has_no_input(values):
    assert encoder(np.array(values, np.float32)[:, None]).width == 0


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
        "    made = fit(family, rows, rows, learn(table).sizes)\n"
        "    assert made.logit(rows.numbers, rows.codes).shape == (300,)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
