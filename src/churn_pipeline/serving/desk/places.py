"""Where the page finds what pipelines have written, and what the service keeps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from churn_pipeline.serving.drift import report_folder
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.newest import newest, version_of

OUTPUTS, RUNBOOK = "CHURN_OUTPUT_DIR", "CHURN_RUNBOOK_URL"
FOLDERS = Path("data/07_model_output")
CALLS, ASSIGNMENTS = "call_list.csv", "call_assignments.parquet"
OUTCOMES = "call_outcomes.parquet"

Json = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """Folders and addresses of one data set.

    Attributes:
        dataset: Its name.
        reports: Of `data/08_reporting`.
        outputs: Of `data/07_model_output`.
        service: Of `data/09_service`.
        journal: URL of the prediction log.
        pseudonyms: What customers are called in it.
        runbook: Address that a runbook entry is looked up at; empty: none.
    """

    dataset: str
    reports: Path
    outputs: Path
    service: Path
    journal: str
    pseudonyms: Pseudonyms
    runbook: str = ""

    @classmethod
    def of(
        cls,
        dataset: str,
        service: Path,
        journal: str,
        pseudonyms: Pseudonyms,
        environment: Mapping[str, str] | None = None,
    ) -> Places:
        """Return those that the environment names, else those of the project.

        Args:
            dataset: Name of the data set.
            service: Its folder of the service.
            journal: URL of the prediction log.
            pseudonyms: What customers are called in it.
            environment: `CHURN_REPORT_DIR` and `CHURN_OUTPUT_DIR` name other folders
                than `data/08_reporting` and `data/07_model_output`, `CHURN_RUNBOOK_URL`
                where the runbook is read. None takes the process's.
        """
        given = os.environ if environment is None else environment
        return cls(
            dataset,
            report_folder(dataset, given),
            outputs_folder(given) / dataset,
            service,
            journal,
            pseudonyms,
            _address(given.get(RUNBOOK, "")),
        )

    def report(self, name: str) -> Json | None:
        """Return the newest version of a JSON report, with `written`; None: none yet.

        Raises:
            ValueError: It is no JSON object.
        """
        file = newest(self.reports / name)
        if file is None:
            return None
        try:
            told: Json = msgspec.json.decode(file.read_bytes(), type=dict)
        except msgspec.DecodeError as error:
            raise ValueError(
                f"expected a report in {file}, got what is none ({error}); run the "
                "pipeline that writes it again"
            ) from error
        return told | {"written": version_of(file)}


def outputs_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of what models have said, a folder each data set.

    Args:
        environment: `CHURN_OUTPUT_DIR` names another than the project's
            `data/07_model_output`. None takes the process's.

    Examples:
        >>> outputs_folder({}).as_posix()
        'data/07_model_output'
    """
    given = os.environ if environment is None else environment
    return Path(given.get(OUTPUTS) or FOLDERS)


def _address(given: str) -> str:
    """Return an address that a page may link to.

    Raises:
        ValueError: It is none of the web: a link may be a script, too.
    """
    if given and not given.startswith(("https://", "http://")):
        raise ValueError(
            f"expected {RUNBOOK} to begin with https://, got {given[:80]!r}; name the "
            "address of docs/runbook.md"
        )
    return given
