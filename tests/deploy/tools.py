"""What several tests of `deploy/` share: its files, and promtool."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from churn_pipeline.serving.metrics import FAMILIES
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"


def load(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text("utf-8"))


def load_all(path: Path) -> list[Any]:
    """Return all documents of a YAML file."""
    return [found for found in yaml.safe_load_all(path.read_text("utf-8")) if found]


class Said(NamedTuple):
    """What a program found.

    Attributes:
        faults: All that it said where it found fault, else nothing.
        text: What it said on standard output.
    """

    faults: str
    text: str


def promtool(*arguments: object, given: str = "") -> Said:
    """Return what Debian's promtool finds, in files or in what it is given."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    return _said(program, *arguments, given=given)


def by_schema(name: str, path: Path) -> Said:
    """Return what one of check-jsonschema's schemas finds in a file."""
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", name)
    return _said(*command, path)


def _said(*command: object, given: str = "") -> Said:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, input=given, capture_output=True, text=True, check=False
    )
    told = f"{done.stdout}{done.stderr}" or f"exit status {done.returncode}"
    return Said(told if done.returncode else "", done.stdout)


def rules() -> list[dict[str, Any]]:
    """Return all alert and recording rules."""
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    groups = [group for file in files for group in load(file)["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alert rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def known_names() -> set[str]:
    """Return the names that a query may ask for."""
    parts = {
        f"{family}_{part}" if kind == "histogram" else family
        for family, (kind, _) in FAMILIES.items()
        for part in ("bucket", "count", "sum")
    }
    records = {rule["record"] for rule in rules() if "record" in rule}
    return parts | records | {"up", "ALERTS"}
