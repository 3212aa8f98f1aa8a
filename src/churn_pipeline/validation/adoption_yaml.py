"""The files of an adopted data set, with comments for the person who corrects them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from churn_pipeline.validation.adoption import Proposal

_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
RAW = "${globals:raw}"
"""The folder of raw files, as the catalog refers to it."""
_INTERPOLATION = re.compile(r"(\\*)\$\{")
_WORDS = {"yes", "no", "true", "false", "on", "off", "null", "y", "n", "none"}
_COLUMN_HELP = (
    "# type: integer, number, boolean, category, date; min, max: valid range, a value "
    "outside\n"
    "# rejects its row, as a category outside of `allowed` does (leave `allowed` out "
    "to take\n"
    "# any); nullable: may be missing; segment, sensitive: metrics, fairness by it; "
    "feature:\n"
    "# false: the model does not use it; unit: of a number; description: one line."
)


def snapshot_yaml(
    name: str,
    table: dict[str, Any],
    label: dict[str, Any],
    proposals: Sequence[Proposal],
    *,
    snapshot_date: str,
) -> str:
    """Return dataset.yml of a snapshot.

    Args:
        name: Of the data set.
        table: Roles and reading options of the table, `customer_id` first.
        label: Of the rule column.
        proposals: One a raw column that has no role.
        snapshot_date: Day on which the rows were taken, as text.
    """
    return "\n".join(
        [
            f"# What the table of the data set {name} means. Read and correct it: see",
            "# docs/bring-your-own-data.md.",
            "dataset:",
            f"  name: {name}",
            "  shape: snapshot",
            "  currency: EUR                 # printed beside money",
            f"  snapshot_date: {snapshot_date}     # the day these rows were taken",
            "  max_rejected_share: 0.05      # share of rows, 0 to 1, above which bad "
            "rows stop the run",
            "  label:",
            "    rule: column",
            *_mapping(label, 4),
            "  tables:",
            "    customers:",
            *_mapping(table, 6),
            *_ignored(proposals),
            *_columns(proposals),
            "",
        ]
    )


def events_yaml(
    name: str,
    table: dict[str, Any],
    proposals: Sequence[Proposal],
    *,
    horizon_days: int,
) -> str:
    """Return dataset.yml of an event log.

    Args:
        name: Of the data set.
        table: Roles and reading options of the table.
        proposals: One a raw column that has no role.
        horizon_days: Days without activity after which a customer has churned.
    """
    return "\n".join(
        [
            f"# What the event log of the data set {name} means. Read and correct it:",
            "# see docs/bring-your-own-data.md.",
            "dataset:",
            f"  name: {name}",
            "  shape: events",
            "  currency: EUR                 # printed beside money",
            "  max_rejected_share: 0.05      # share of rows, 0 to 1, above which bad "
            "rows stop the run",
            "  label:",
            "    rule: inactivity            # churn: no activity within the horizon",
            "    lead_time_days: 0           # days after the observation date in "
            "which nothing can be done any more",
            f"    horizon_days: {horizon_days}            # days after the lead time "
            "in which activity is looked for",
            "  tables:",
            "    transactions:",
            *_mapping(table, 6),
            *_ignored(proposals),
            *_columns(proposals),
            "",
        ]
    )


@dataclass(frozen=True)
class CatalogFile:
    """A raw file as the catalog is to have it.

    Attributes:
        filepath: Of the file.
        sheet: Of an Excel workbook; None where it has only one that holds rows.
        credentials: Key of credentials.yml for a URL; None where it needs none.
        separator: Of a text file; None where it is found out.
        encoding: Of a text file; None where it is found out.
    """

    filepath: str
    sheet: str | None = None
    credentials: str | None = None
    separator: str | None = None
    encoding: str | None = None


def catalog_yaml(file: CatalogFile, which: str) -> str:
    """Return catalog.yml: one raw table is a file, the others are absent.

    Args:
        file: The raw file.
        which: `customers` or `transactions`.
    """
    absent = [
        name
        for name in ("raw_customers", "raw_transactions", "raw_contracts")
        if name != f"raw_{which}"
    ]
    first, *others = [*absent, "true_churn_probability"]
    return "\n".join(
        [
            "# Where the raw table is. Separator and encoding are found out; to set "
            "them, add",
            '# `separator: ";"` and `encoding: latin-1`.',
            f"raw_{which}:",
            "  type: churn_pipeline.io.raw.RawTable",
            f"  filepath: {_filepath(file)}",
            *(
                f"  {key}: {scalar(value, resolved=1)}"
                for key in ("sheet", "credentials", "separator", "encoding")
                if (value := getattr(file, key))
            ),
            "  connection: ${globals:duckdb}",
            "  metadata: {kedro-viz: {layer: raw}}",
            "",
            "# Tables that this data set does not have.",
            f"{first}: &absent",
            "  type: churn_pipeline.io.raw.AbsentTable",
            "  metadata: {kedro-viz: {layer: raw}}",
            *(f"{name}: *absent" for name in others),
            "",
        ]
    )


def _filepath(file: CatalogFile) -> str:
    """Return the path as YAML; only our own folder of raw files is resolved in it."""
    below = file.filepath.removeprefix(RAW)
    start = RAW if below != file.filepath else ""
    return _text(start + _escaped(below, 1))


def features_yaml(observe_days: int) -> str:
    """Return parameters_feature_engineering.yml of an event log."""
    return "\n".join(
        [
            "# How features are made of the events; what is left out has the default "
            "of",
            "# churn_pipeline.features.params.",
            "feature_engineering:",
            "  as_of: null                     # day on which the model is trained: "
            "labels known by then; null = end of the data",
            f"  observe: {observe_days}                     # days between "
            "observation dates, or month",
            "  lookback_days: null             # history before the first "
            "observation date; null = found out",
            "  windows_days: [7, 30, 90, 180]  # windows in which activity is "
            "counted, growing",
            "",
        ]
    )


def scalar(value: Any, *, resolved: int = 2) -> str:
    """Return a value as YAML in one line; text quoted unless it is a plain word.

    What a file holds is never an instruction: `${` in it stays what it is.

    Args:
        value: Text, number, truth value, or a list or mapping of such.
        resolved: How often OmegaConf will resolve the value: dataset.yml as globals
            and once more as a parameter, catalog.yml once.

    Example:
        >>> scalar("Yes"), scalar("Germany"), scalar(0.5), scalar("1"), scalar(True)
        ('"Yes"', 'Germany', '0.5', '"1"', 'true')
    """
    if isinstance(value, str):
        return _text(_escaped(value, resolved))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(scalar(item, resolved=resolved) for item in value) + "]"
    if isinstance(value, dict):
        pairs = ((key, scalar(v, resolved=resolved)) for key, v in value.items())
        return "{" + ", ".join(f"{_text(key)}: {v}" for key, v in pairs) + "}"
    return json.dumps(value)


def _escaped(text: str, resolved: int) -> str:
    for _ in range(resolved):
        text = _INTERPOLATION.sub(r"\1\1\\${", text)
    return text


def _text(text: str) -> str:
    """Return text as YAML; a key is written so, for no key is resolved."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    quoted = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf)
    return str(quoted).strip()


def _comment(note: str) -> str:
    return f"# {' '.join(note.split())}"


def _mapping(values: dict[str, Any], indent: int) -> list[str]:
    """Return one line a key; a pair (value, comment) puts the comment behind it."""
    lines = []
    for key, value in values.items():
        held, comment = value if isinstance(value, tuple) else (value, "")
        line = f"{' ' * indent}{key}: {scalar(held)}"
        lines.append(f"{line}  {_comment(comment)}" if comment else line)
    return lines


def _ignored(proposals: Sequence[Proposal]) -> list[str]:
    ignored = [proposal for proposal in proposals if proposal.column is None]
    if not ignored:
        return []
    lines = ["      ignore:                   # these are not used"]
    for proposal in ignored:
        lines.append(f"        - {scalar(proposal.name)}  {_comment(proposal.note)}")
    return lines


def _columns(proposals: Sequence[Proposal]) -> list[str]:
    described = [proposal for proposal in proposals if proposal.column is not None]
    if not described:
        return ["      columns: {}"]
    help_lines = ["      " + line for line in _COLUMN_HELP.splitlines()]
    lines = [*help_lines, "      columns:"]
    for proposal in described:
        assert proposal.column is not None  # noqa: S101
        if proposal.is_warning:
            lines.append(f"        {_comment(proposal.note)}")
        values = proposal.column.model_dump(exclude_defaults=True, mode="json")
        if proposal.column.type in ("integer", "number"):
            values["unit"] = ""
        line = f"        {_text(proposal.name)}: {scalar(values)}"
        if proposal.note and not proposal.is_warning:
            line += f"  {_comment(proposal.note)}"
        lines.append(line)
    return lines
