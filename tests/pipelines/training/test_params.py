"""Which candidates may be asked for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from churn_pipeline.pipelines.training.params import Training


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["boostin"], "got 'boostin'; did you mean 'boosting'?"),
        (["net", "zz"], "out of net, boosting, logistic, got 'zz'; add it"),
        ([], r"one candidate or more, each once, .* got \[\]"),
        (["net", "net"], "each once, .* got \\['net', 'net'\\]"),
    ],
)
def test_candidates_that_cannot_be_trained_are_refused(names, message):
    with pytest.raises(ValidationError, match=message):
        Training(candidates=names)
