"""What models in use were made from: later runs write other versions of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePath

from churn_pipeline.backup.copies import copy
from churn_pipeline.release.ledger import champions
from churn_pipeline.release.store import ModelStore
from churn_pipeline.runs import RecordError, version_read
from churn_pipeline.serving.place import ROLLOUT
from churn_pipeline.serving.rollout.state import Rollout

DATA = Path("data")
# What monitoring, retraining and `kedro churn rebuild` read at the model's version.
ENTRIES = (
    "04_feature/{dataset}/feature_set.json",
    "05_model_input/{dataset}/model_input.parquet",
    "06_models/{dataset}/held_out_predictions.parquet",
    "06_models/{dataset}/net_settings.json",
)
# What earlier windows said, and estimates as they were told, before labels came.
HISTORY = "08_reporting/{dataset}/watch_history.jsonl"


def copy_origins(
    project: Path, staged: Path, datasets: Collection[str], tell: Callable[[str], None]
) -> Iterator[str]:
    """Copy what models in use were made from; yield what is not there, in words.

    Args:
        project: Folder of the project.
        staged: Folder of the backup, which has models and services already.
        datasets: Names of the data sets that have models.
        tell: Called with each part as it is begun.

    Raises:
        LedgerError: The ledger of models was altered.
        RolloutError: The rollout cannot be read.
    """
    for name in sorted(datasets):
        history = HISTORY.format(dataset=name)
        copy(project / DATA / history, staged / DATA / history)
        models = staged / "models" / name
        told = f"data that models of {name} were made from"
        for model in _in_use(ModelStore(models), staged / "service" / name / ROLLOUT):
            try:
                files = [_file(models, model, entry, name) for entry in ENTRIES]
            except RecordError as error:
                yield f"what {name} {model} was made from: {error}"
                continue
            if told and any((project / DATA / file).exists() for file in files):
                tell(told)
                told = ""
            for file in files:
                copy(project / DATA / file, staged / DATA / file)
            gone = [f.name for f in files if not (staged / DATA / f).exists()]
            if gone:
                yield f"{', '.join(gone)} that {name} {model} was made from: not there"


def _in_use(store: ModelStore, rollout: Path) -> list[str]:
    """Return the champion, the one before it, and whom the rollout tries."""
    pointer = store.pointer()
    tried = Rollout(rollout).state if rollout.is_file() else None
    used = [
        *([] if pointer is None else [pointer.version]),
        *reversed(champions(store.ledger.read())[-2:]),
        *([] if tried is None else [tried.challenger, tried.shadow]),
    ]
    return [model for model in dict.fromkeys(used) if model in store.versions()]


def _file(models: Path, model: str, entry: str, dataset: str) -> PurePath:
    """Return the file of an entry, below `data`, at the version a model was made of."""
    place = PurePath(entry.format(dataset=dataset))
    return place / version_read(models, model, place.stem) / place.name
