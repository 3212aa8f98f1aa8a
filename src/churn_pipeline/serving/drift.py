"""How far customers have moved from those the champion learnt from, as metrics.

The pipeline `drift_reporting` judges; the service tells Prometheus what it found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.newest import Newest

REPORTS = "CHURN_REPORT_DIR"
FOLDERS = Path("data/08_reporting")
VERDICT = "drift_verdict.json"


class Moved(msgspec.Struct):
    """What was found of a column; the file holds more.

    Attributes:
        name: Of the feature, or `churn_probability`.
        effect: Share of customers that moved, in [0, 1].
        drifted: Whether that is further than chance and than ordinary.
        judged: Whether a drift could be told at all.
    """

    name: str
    effect: float
    drifted: bool
    judged: bool


class Verdict(msgspec.Struct):
    """What became of the features and of the predictions."""

    columns: list[Moved]
    prediction: Moved


def report_folder(dataset: str, environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of a data set's reports; it need not exist yet.

    Args:
        dataset: Name of the data set, as the served artifact's manifest has it.
        environment: `CHURN_REPORT_DIR` names the folder that the data sets' folders
            lie in, in place of the project's `data/08_reporting`. None takes the
            process's.

    Examples:
        >>> report_folder("telco", {}).as_posix()
        'data/08_reporting/telco'
    """
    given = os.environ if environment is None else environment
    return Path(given.get(REPORTS) or FOLDERS) / dataset


class Drift(Newest):
    """Keeps the metrics of drift those of the newest verdict."""

    def __init__(self, folder: Path, metrics: Metrics, dataset: str) -> None:
        """Name where the reports of a data set lie; nothing is read yet."""
        super().__init__(
            folder / VERDICT,
            dataset=dataset,
            part="drift",
            before="the drift told is that of before",
            without="no drift is told",
        )
        self._metrics = metrics

    def take(self, file: Path) -> None:
        """Tell a verdict."""
        self._tell(_read(file), file.stat().st_mtime)

    def _tell(self, verdict: Verdict, written: float) -> None:
        self._metrics.drop("churn_drift_score")
        self._metrics.drop("churn_drifted")
        for moved in (verdict.prediction, *verdict.columns):
            if moved.judged:
                name, drifted = moved.name, float(moved.drifted)
                self._metrics.put("churn_drift_score", moved.effect, feature=name)
                self._metrics.put("churn_drifted", drifted, feature=name)
        self._metrics.put("churn_drift_report_timestamp_seconds", written)


def _read(file: Path) -> Verdict:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Verdict)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"expected the verdict of drift_reporting in {file}, got one that does "
            f"not fit: {error}; run `kedro run --pipelines drift_reporting` again"
        ) from error
