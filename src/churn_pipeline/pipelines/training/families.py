"""The families of models that can be candidates: one function and one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churn_pipeline.models.classifier import CrossFitted
    from churn_pipeline.pipelines.training.params import Training
    from churn_pipeline.pipelines.training.splits import Splits

Fit = Callable[["Splits", "Training", int], "CrossFitted"]
"""Called with the splits without the test rows, all settings and the seed."""


@dataclass(frozen=True)
class Family:
    """How one family is fit.

    Attributes:
        fit: Returns the model with the logits of held-out rows; a function at the
            top of a module.
        libraries: Packages that compute: their threads are limited while it fits.
        on_device: Whether it fits on the accelerator. Such families are fit in the
            process of the run, one after the other: none shares the device, which
            the others' processes do not see.
    """

    fit: Fit
    libraries: tuple[str, ...] = ("sklearn",)
    on_device: bool = False


def fit_net(splits: Splits, training: Training, seed: int) -> CrossFitted:
    """Return the ensemble net with the settings in `training.net`."""
    from churn_pipeline.models.net_model import train_net

    return train_net(
        splits.rows("train"),
        splits.vocabulary.sizes,
        net=training.net,
        boosting=training.boosting,
        fit=training.fit,
        seed=seed,
    )


def fit_boosting(splits: Splits, training: Training, seed: int) -> CrossFitted:
    """Return boosted trees, as many as the folds want on average."""
    from churn_pipeline.models.boosting import fit_boosting

    return fit_boosting(
        splits.rows("train"),
        splits.vocabulary.sizes,
        settings=training.boosting,
        seed=seed,
    )


def fit_logistic(splits: Splits, training: Training, seed: int) -> CrossFitted:
    """Return a logistic regression; it has no chance in it, and takes no seed."""
    from churn_pipeline.models.logistic import fit_logistic

    return fit_logistic(
        splits.rows("train"),
        splits.vocabulary.sizes,
        inverse_penalty=training.logistic_inverse_penalty,
    )


FAMILIES = {
    "net": Family(fit_net, libraries=("torch", "sklearn"), on_device=True),
    "boosting": Family(fit_boosting),
    "logistic": Family(fit_logistic),
}


def check_families(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names where each is a family, once.

    Raises:
        ValueError: There is none, one twice, or one that is not known.
    """
    for name in names:
        if name not in FAMILIES:
            near = get_close_matches(name, FAMILIES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "add it to families.py"
            raise ValueError(
                f"expected candidates out of {', '.join(FAMILIES)}, got {name!r}; "
                f"{hint}"
            )
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"expected one candidate or more, each once, out of "
            f"{', '.join(FAMILIES)}, got {list(names)}; set training.candidates"
        )
    return names
