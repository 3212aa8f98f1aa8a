from dataclasses import replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from churn_pipeline.models.boosting import _grow, fit_boosting
from churn_pipeline.models.calibration import sigmoid
from churn_pipeline.models.settings import BoostingSettings
from churn_pipeline.models.trees import Boosting, design, stack
from tests.models.company import encode, learn, made_up


def test_the_stacked_trees_answer_as_scikit_learn():
    table, label = made_up()
    codes = learn(table).codes(table.categories)
    numbers = table.numbers[:, :4]  # scikit-learn refuses the column without a value
    inputs = design(numbers, codes[:, :0], ())
    model = HistGradientBoostingClassifier(max_iter=12).fit(inputs, label)
    trees = stack([grown[0] for grown in model._predictors])
    base = float(np.ravel(model._baseline_prediction)[0])
    made = Boosting(trees, (), base, inputs.shape[1])
    np.testing.assert_allclose(
        made.logit(numbers, codes[:, :0]),
        model.decision_function(inputs),
        atol=1e-9,
    )


def test_it_grows_as_many_trees_as_the_folds_want_on_average():
    rows, sizes = _rows()
    settings = BoostingSettings(max_trees=200, learning_rate=0.3, patience=5)
    made = fit_boosting(rows, sizes, settings=settings, seed=0).model
    wanted = [
        _grow(part, sizes, settings=settings, seed=0, until=held).best
        for part, held in _parts(rows)
    ]
    assert len(set(wanted)) > 1
    assert max(wanted) < 100
    assert int(made.trees.tree.max()) + 1 == round(np.mean(wanted))


def test_the_model_is_fit_on_every_row_and_its_held_out_logits_are_not():
    rows, sizes = _rows()
    settings = BoostingSettings(max_trees=60)
    made = fit_boosting(rows, sizes, settings=settings, seed=0)
    changed = replace(rows, label=np.where(rows.fold == 0, 1 - rows.label, rows.label))
    other = fit_boosting(changed, sizes, settings=settings, seed=0)
    apart = other.model.logit(rows.numbers, rows.codes) - made.model.logit(
        rows.numbers, rows.codes
    )
    assert np.abs(apart[rows.fold != 0]).max() > 0.1
    seen = log_loss(rows.label, sigmoid(made.model.logit(rows.numbers, rows.codes)))
    assert seen < log_loss(rows.label, sigmoid(made.held_out))


def _rows():
    table, label = made_up()
    vocabulary = learn(table)
    return encode(table, label, vocabulary), vocabulary.sizes


def _parts(rows):
    held = [rows.fold == fold for fold in range(rows.n_folds)]
    return [(rows.take(~part), rows.take(part)) for part in held]


def test_a_rare_category_with_its_label_in_its_rate_is_not_trusted():
    rows, sizes = _rows()
    towns = np.arange(len(rows)) // 10  # ten rows a town, which says nothing
    np.random.default_rng(0).shuffle(towns)
    codes = np.column_stack([rows.codes, towns])
    noisy = replace(rows, codes=codes)
    settings = BoostingSettings(max_trees=100)

    def loss(given, n_codes):
        made = fit_boosting(given, n_codes, settings=settings, seed=0)
        return log_loss(rows.label, sigmoid(made.held_out))

    without = loss(rows, sizes)
    assert abs(loss(noisy, (*sizes, int(towns.max()) + 1)) - without) < 0.01
