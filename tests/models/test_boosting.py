import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from churn_pipeline.models.boosting import Boosting, _stack, design, fit_boosting
from churn_pipeline.models.settings import BoostingSettings
from tests.models.company import encode, learn, made_up


def test_the_stacked_trees_answer_as_scikit_learn():
    table, label = made_up()
    codes = learn(table).codes(table.categories)
    numbers = table.numbers[:, :4]  # scikit-learn refuses the column without a value
    inputs = design(numbers, codes[:, :0], ())
    model = HistGradientBoostingClassifier(max_iter=12).fit(inputs, label)
    trees = _stack([grown[0] for grown in model._predictors])
    base = float(np.ravel(model._baseline_prediction)[0])
    made = Boosting(trees, (), base, inputs.shape[1])
    np.testing.assert_allclose(
        made.logit(numbers, codes[:, :0]),
        model.decision_function(inputs),
        atol=1e-9,
    )


def test_it_keeps_the_trees_that_lower_the_validation_loss():
    table, label = made_up()
    vocabulary = learn(table)
    rows = encode(table, label, vocabulary)
    noise = encode(*made_up(200, seed=9), vocabulary)
    settings = BoostingSettings(max_trees=200, learning_rate=0.3, patience=5)
    made = fit_boosting(rows, noise, vocabulary.sizes, settings=settings, seed=0)
    assert 1 <= int(made.trees.tree.max()) + 1 < 100
