from dataclasses import replace

import pytest

from churn_pipeline.models.net_model import train_net
from churn_pipeline.models.settings import (
    BoostingSettings,
    CalibrationSettings,
    FitSettings,
    NetSettings,
    SearchSpace,
    TuningSettings,
    VocabularySettings,
)
from churn_pipeline.models.tuning import tune_net
from tests.models.company import QUICK_FIT, QUICK_TREES, SMALL_NET, encode, learn
from tests.models.company import made_up as rows_of

WRONG = [
    (NetSettings, "members", 0),
    (NetSettings, "dropout", 1.0),
    (NetSettings, "learning_rate", -0.01),
    (NetSettings, "teacher", 7.0),
    (NetSettings, "bins", 1),
    (FitSettings, "patience", 0),
    (BoostingSettings, "features", 0.0),
    (BoostingSettings, "max_trees", 0),
    (VocabularySettings, "min_rows", 0),
    (CalibrationSettings, "coverage", 1.0),
    (TuningSettings, "at_once", 0),
    (TuningSettings, "members", 0),
    (TuningSettings, "held_folds", 5),
    (TuningSettings, "n_trials", -1),
]


@pytest.mark.parametrize(("settings", "name", "value"), WRONG)
def test_a_value_out_of_its_range_is_refused_by_name(settings, name, value):
    with pytest.raises(ValueError, match=rf"expected {name} .*, got {value}$"):
        settings(**{name: value})


def test_bounds_of_the_search_are_low_and_high_within_the_settings_range():
    with pytest.raises(ValueError, match=r"expected dropout as .low, high."):
        SearchSpace(dropout=(0.5, 0.1))
    with pytest.raises(ValueError, match=r"expected teacher from 0 to 1, got 2"):
        SearchSpace(teacher=(0.0, 2.0))


def test_one_member_alone_and_too_few_folds_are_refused():
    table, label = rows_of(100)
    vocabulary = learn(table)
    rows, sizes = encode(table, label, vocabulary), vocabulary.sizes
    given = {"fit": QUICK_FIT, "boosting": QUICK_TREES, "seed": 0}
    with pytest.raises(ValueError, match="expected members 2 or more, got 1"):
        train_net(rows, sizes, net=replace(SMALL_NET, members=1), **given)
    tuning = TuningSettings(members=9, held_folds=9)
    with pytest.raises(ValueError, match="expected rows in 9 folds or more, got 4"):
        tune_net(rows, sizes, SMALL_NET, tuning=tuning, study_name="no", **given)
