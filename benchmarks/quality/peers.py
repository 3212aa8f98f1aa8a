"""The peers, each as its authors recommend for probabilities, and how each is fit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray

from benchmarks.quality.folds import SEED, Work

Predict = Callable[[pd.DataFrame], NDArray[np.float64]]
TRIALS = 25
_MAX_TREES, _PATIENCE = 1000, 30
_BOOTSTRAP = "Bayesian"
"""What the bagging temperature is of; CatBoost's own choice would not heed it."""


class Taken(NamedTuple):
    """What something took: seconds by the wall, processor seconds of all threads."""

    seconds: float
    cpu_seconds: float


NOTHING = Taken(0.0, 0.0)


class Clock:
    """Seconds since it was made, of this process and the children that have ended."""

    def __init__(self) -> None:
        self._start = self._now()

    def taken(self) -> Taken:
        """Return what was taken so far."""
        return Taken(*(b - a for a, b in zip(self._start, self._now(), strict=True)))

    @staticmethod
    def _now() -> Taken:
        return Taken(time.perf_counter(), sum(psutil.Process().cpu_times()[:4]))


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes:
        predict: Returns the churn probability of rows of `model_input`.
        tuning: What looking for settings took, of all that fitting took.
    """

    predict: Predict
    tuning: Taken = NOTHING


class Model(NamedTuple):
    """How a model is fit.

    Attributes:
        fit: Fits it.
        package: Whose version its results stand for; "" is this project.
        imports: Modules that are imported before the clock starts.
    """

    fit: Callable[[Work], Fitted]
    package: str
    imports: tuple[str, ...]


def fit_logistic(work: Work) -> Fitted:
    """Return a logistic regression on scaled and one-hot inputs, penalty 1."""
    from sklearn.linear_model import LogisticRegression

    return _fit_sklearn(work, LogisticRegression(max_iter=5000), scaled=True)


def fit_forest(work: Work) -> Fitted:
    """Return a random forest of 500 trees for probabilities.

    Source: Malley et al. (2012), Probability Machines: leaves of ten rows or so, as
    also the `ranger` package has it; leaves of one row give 0 and 1.
    """
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        500, min_samples_leaf=10, random_state=SEED, n_jobs=work.threads
    )
    return _fit_sklearn(work, model, scaled=False)


def fit_lightgbm(work: Work) -> Fitted:
    """Return LightGBM at its defaults, categories natively."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_jobs=work.threads, random_state=SEED, verbose=-1)
    return _fit_native(work, model)


def fit_xgboost(work: Work) -> Fitted:
    """Return XGBoost at its defaults, categories natively."""
    from xgboost import XGBClassifier

    model = XGBClassifier(
        enable_categorical=True, n_jobs=work.threads, random_state=SEED
    )
    return _fit_native(work, model)


def fit_catboost(work: Work) -> Fitted:
    """Return CatBoost at its defaults, categories natively."""
    model = _catboost(work)
    model.fit(work.features(work.data.rows), work.label)
    return Fitted(lambda rows: model.predict_proba(work.features(rows))[:, 1])


def fit_catboost_tuned(work: Work) -> Fitted:
    """Return CatBoost with the best of 25 trials' settings, fit on all training rows.

    A trial is fit without the held-out rows and stopped by their log loss.

    Source: the search space of Gorishniy et al. (2021), Revisiting Deep Learning
    Models for Tabular Data, table 16, with learning rates that a thousand trees can
    use and depths to 8, which bound what a trial takes.
    """
    clock = Clock()
    best = _tuned_catboost(work)
    tuning = clock.taken()
    model = _catboost(work, bootstrap_type=_BOOTSTRAP, **best)
    model.fit(work.features(work.data.rows), work.label)
    return Fitted(lambda rows: model.predict_proba(work.features(rows))[:, 1], tuning)


def fit_realmlp(work: Work) -> Fitted:
    """Return RealMLP with tuned defaults, as its README says for log loss."""
    from pytabkit import RealMLP_TD_Classifier

    return _fit_pytabkit(work, RealMLP_TD_Classifier, use_ls=False)


def fit_tabm(work: Work) -> Fitted:
    """Return TabM at the defaults of pytabkit, stopped by log loss."""
    from pytabkit import TabM_D_Classifier

    return _fit_pytabkit(work, TabM_D_Classifier)


_SKLEARN = (
    "scikit-learn",
    ("sklearn.compose", "sklearn.ensemble", "sklearn.impute", "sklearn.linear_model"),
)
PEERS = {
    "logistic": Model(fit_logistic, *_SKLEARN),
    "forest": Model(fit_forest, *_SKLEARN),
    "lightgbm": Model(fit_lightgbm, "lightgbm", ("lightgbm",)),
    "xgboost": Model(fit_xgboost, "xgboost-cpu", ("xgboost",)),
    "catboost": Model(fit_catboost, "catboost", ("catboost",)),
    "catboost_tuned": Model(fit_catboost_tuned, "catboost", ("catboost", "optuna")),
    "tabm": Model(fit_tabm, "pytabkit", ("pytabkit",)),
    "realmlp": Model(fit_realmlp, "pytabkit", ("pytabkit",)),
}


def _fit_sklearn(work: Work, model: Any, *, scaled: bool) -> Fitted:
    """Fit on imputed numbers, told where they were missing, and one-hot categories."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        *([StandardScaler()] if scaled else []),
    )
    columns = make_column_transformer(
        (numbers, work.data.columns("number")),
        (OneHotEncoder(handle_unknown="ignore"), work.data.columns("category")),
    )
    fitted = make_pipeline(columns, model)
    fitted.fit(work.features(work.data.rows), work.label)
    return Fitted(lambda rows: fitted.predict_proba(work.features(rows))[:, 1])


def _fit_native(work: Work, model: Any) -> Fitted:
    """Fit on pandas' categories; missing values stay missing."""
    texts = work.data.columns("category")
    training = work.features(work.data.rows)
    types = {
        name: pd.CategoricalDtype(sorted(set(training[name]) - {""})) for name in texts
    }

    def typed(features: pd.DataFrame) -> pd.DataFrame:
        return features.astype(types)

    model.fit(typed(training), work.label)
    return Fitted(lambda rows: model.predict_proba(typed(work.features(rows)))[:, 1])


def _catboost(work: Work, **settings: Any) -> Any:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        cat_features=work.data.columns("category"),
        thread_count=work.threads,
        random_seed=SEED,
        verbose=False,
        allow_writing_files=False,
        **settings,
    )


def _tuned_catboost(work: Work) -> dict[str, Any]:
    """Return the settings with the least log loss of the held-out rows."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    features, held_out = work.features(work.data.rows), work.held_out
    rows = (features[~held_out], work.label[~held_out])
    watched = (features[held_out], work.label[held_out])

    def objective(trial: optuna.Trial) -> float:
        model = _catboost(
            work,
            iterations=_MAX_TREES,
            early_stopping_rounds=_PATIENCE,
            bootstrap_type=_BOOTSTRAP,
            **_draw(trial),
        )
        model.fit(*rows, eval_set=watched)
        trial.set_user_attr("iterations", model.get_best_iteration() + 1)
        return float(model.get_best_score()["validation"]["Logloss"])

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED))
    study.optimize(objective, n_trials=TRIALS)
    return study.best_params | study.best_trial.user_attrs


def _draw(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "depth": trial.suggest_int("depth", 3, 8),
        "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 1, 10, log=True),
        "bagging_temperature": trial.suggest_float("bagging_temperature", 0, 1),
        "leaf_estimation_iterations": trial.suggest_int(
            "leaf_estimation_iterations", 1, 10
        ),
    }


def _fit_pytabkit(work: Work, family: Any, **settings: Any) -> Fitted:
    """Fit a net of pytabkit, which takes no missing numbers, on imputed ones."""
    from sklearn.impute import SimpleImputer

    numbers, texts = work.data.columns("number"), work.data.columns("category")
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    imputer.set_output(transform="pandas").fit(work.features(work.data.rows)[numbers])

    def filled(features: pd.DataFrame) -> pd.DataFrame:
        return pd.concat(
            [imputer.transform(features[numbers]), features[texts]], axis=1
        )

    model = family(
        device="cpu",
        random_state=SEED,
        n_threads=work.threads,
        val_metric_name="cross_entropy",
        **settings,
    )
    model.fit(
        filled(work.features(work.data.rows)),
        work.label,
        val_idxs=np.flatnonzero(work.held_out),
        cat_col_names=texts,
    )
    return Fitted(lambda rows: model.predict_proba(filled(work.features(rows)))[:, 1])
