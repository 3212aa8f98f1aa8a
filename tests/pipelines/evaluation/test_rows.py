"""The test rows, with the answers of the model, of the candidates and of the truth."""

import pandas as pd
import pytest

from tests.pipelines.evaluation.inputs import score


def test_no_test_rows_is_an_error_that_says_what_to_do(inputs):
    rows = inputs["model_input"].query("split == 'train'")
    with pytest.raises(ValueError, match=r"split test .* got splits \['train'\]"):
        score(inputs, model_input=rows)


def test_dates_join_whatever_their_type(inputs):
    rows = inputs["model_input"]
    dated = rows.assign(observation_date=pd.to_datetime(rows["observation_date"]))
    scored = score(inputs, model_input=dated)["rows"]
    assert scored["candidate_net"].notna().all()
    assert scored["true_churn_probability"].notna().all()
