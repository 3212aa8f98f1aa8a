"""What a person may set about the models; plain values, nothing heavy imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, Literal

_STRICT = {"extra": "forbid"}
_ABOVE_0 = 1e-9
_BELOW_1 = 1 - 1e-9


def _require(settings: object, **bounds: tuple[float, float]) -> None:
    """Raise ValueError where a setting is outside its bounds, both included."""
    for name, (low, high) in bounds.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            room = f"{low:g} or more" if high == inf else f"from {low:g} to {high:g}"
            raise ValueError(f"expected {name} {room}, got {value!r}")


@dataclass(frozen=True)
class NetSettings:
    """Shape of the net and how fast it learns.

    Attributes:
        members: Nets in the ensemble, at least 1; training time grows with it.
        width: Units of a hidden layer of one member.
        layers: Hidden layers of one member, at least 1.
        bins: Bins of a number, about; at least 2.
        units: Units of one feature in one member, before the hidden layers.
        dropout: Share of the hidden units dropped while training, 0 to below 1.
        learning_rate: Step size at the start; it falls to 0 over the epochs.
        weight_decay: Pull of the weights towards 0, of AdamW.
        teacher: Share of the boosted trees' probability in what the net learns, 0 to
            1; the rest is the label. Very large tables are learnt without a teacher.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    members: int = 16
    width: int = 64
    layers: int = 2
    bins: int = 16
    units: int = 4
    dropout: float = 0.2
    learning_rate: float = 4e-3
    weight_decay: float = 0.3
    teacher: float = 0.7

    def __post_init__(self) -> None:
        """Raise ValueError where a value is out of its range."""
        _require(self, members=(1, inf), width=(1, inf), layers=(1, inf), bins=(2, inf))
        _require(self, units=(1, inf), dropout=(0, _BELOW_1), teacher=(0, 1))
        _require(self, learning_rate=(_ABOVE_0, inf), weight_decay=(0, inf))


@dataclass(frozen=True)
class FitSettings:
    """How the net is fit and where.

    Attributes:
        max_epochs: Passes over the training rows, at most; the learning rate falls
            to 0 over them.
        max_rows_seen: Rows that a member sees in all its passes, about: large tables
            need fewer of them (10 at least).
        patience: Passes without a better validation log loss before it stops.
        min_batch_rows: Rows of a step on small tables.
        max_batch_rows: Rows of a step on large tables.
        accelerator: `auto` takes a GPU where there is one; `cpu`, `cuda`.
        devices: Number of devices.
        strategy: Lightning's; `ddp_spawn` for several devices inside `kedro run`.
        precision: `auto` is bf16-mixed on a GPU and 32 on a CPU.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    max_epochs: int = 60
    max_rows_seen: int = 1_500_000
    patience: int = 10
    min_batch_rows: int = 128
    max_batch_rows: int = 2048
    accelerator: str = "auto"
    devices: int = 1
    strategy: str = "auto"
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Raise ValueError where a value is out of its range."""
        _require(self, max_epochs=(1, inf), max_rows_seen=(1, inf), patience=(1, inf))
        _require(self, min_batch_rows=(1, inf), max_batch_rows=(1, inf))
        _require(self, devices=(1, inf))


@dataclass(frozen=True)
class BoostingSettings:
    """Histogram gradient boosting of scikit-learn.

    Attributes:
        learning_rate: Shrinkage of each tree, above 0.
        max_trees: Trees at most; the log loss of held-out rows stops earlier.
        max_leaves: Leaves of a tree.
        min_leaf_rows: Rows of a leaf, at least.
        l2: Penalty on the leaves' values.
        features: Share of the features among which each split is looked for, above 0.
        patience: Trees without a better log loss of held-out rows before it stops.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    learning_rate: float = 0.05
    max_trees: int = 800
    max_leaves: int = 15
    min_leaf_rows: int = 20
    l2: float = 1.0
    features: float = 0.5
    patience: int = 40

    def __post_init__(self) -> None:
        """Raise ValueError where a value is out of its range."""
        _require(self, learning_rate=(_ABOVE_0, inf), l2=(0, inf))
        _require(self, max_trees=(1, inf), max_leaves=(2, inf), patience=(1, inf))
        _require(self, min_leaf_rows=(1, inf), features=(_ABOVE_0, 1))


@dataclass(frozen=True)
class VocabularySettings:
    """Which categories are learnt.

    Attributes:
        min_rows: Training rows that a category needs; rarer ones count as unknown.
        max_levels: Categories learnt a column, the most frequent ones.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    min_rows: int = 10
    max_levels: int = 200

    def __post_init__(self) -> None:
        """Raise ValueError where a value is out of its range."""
        _require(self, min_rows=(1, inf), max_levels=(1, inf))


@dataclass(frozen=True)
class CalibrationSettings:
    """How probabilities are calibrated.

    Attributes:
        prior_rows: More rows like the held-out ones that would say "no scaling
            needed": few held-out rows scale little. 0 leaves all to them.
        coverage: Share of those who leave, and of those who stay, that the answers
            `leaves`, `stays` and `not_sure` are to be right of, in (0, 1).
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    prior_rows: float = 50.0
    coverage: float = 0.9

    def __post_init__(self) -> None:
        """Raise ValueError where a value is out of its range."""
        _require(self, prior_rows=(0, inf), coverage=(_ABOVE_0, _BELOW_1))


@dataclass(frozen=True)
class SearchSpace:
    """Bounds of the search, as (low, high).

    Attributes:
        learning_rate: Searched on a logarithmic scale.
        weight_decay: Searched on a logarithmic scale.
        dropout: Searched on a linear scale.
        teacher: Searched on a linear scale.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    learning_rate: tuple[float, float] = (1e-3, 1.2e-2)
    weight_decay: tuple[float, float] = (1e-2, 2.0)
    dropout: tuple[float, float] = (0.0, 0.5)
    teacher: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        """Raise ValueError where bounds are none, or out of the setting's range."""
        for name, bounds in vars(self).items():
            if bounds[0] > bounds[1]:
                raise ValueError(
                    f"expected {name} as [low, high], got {list(bounds)}; swap them"
                )
            for value in bounds:
                NetSettings(**{name: value})


@dataclass(frozen=True)
class TuningSettings:
    """The study.

    Attributes:
        n_trials: Finished trials, pruned ones included; 0 takes the net's settings.
        objective: What a trial is judged by: `log_loss`, or `profit`, the money lost to
            not knowing who leaves.
        storage: Optuna's storage URL: `sqlite:///…` or `postgresql://…`.
        max_rows: Rows of the trials, at most (a stratified draw).
        members: Members of a trial's net; few are enough to compare settings.
        held_folds: Folds that they hold out between them: their rows tell a trial's
            loss, by the mean of the members that share one.
        at_once: Trials that are fit together, as one program.
        startup_trials: Trials drawn at random before the sampler learns from them.
        min_gain: Share of the first trial's loss by which another must be better to
            take its place: the best of many is lucky by about so much.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    n_trials: int = 16
    objective: Literal["log_loss", "profit"] = "log_loss"
    storage: str = "sqlite:///tuning.db"
    max_rows: int = 10_000
    members: int = 4
    held_folds: int = 2
    at_once: int = 8
    startup_trials: int = 8
    min_gain: float = 0.002
    space: SearchSpace = field(default_factory=SearchSpace)

    def __post_init__(self) -> None:
        """Raise ValueError where a value is out of its range."""
        _require(self, n_trials=(0, inf), max_rows=(2, inf), members=(1, inf))
        _require(self, held_folds=(1, self.members), at_once=(1, inf))
        _require(self, startup_trials=(0, inf), min_gain=(0, 1))
