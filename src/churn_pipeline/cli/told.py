"""What `kedro churn score` says of the file that it has written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from churn_pipeline.dataset import Dataset
    from churn_pipeline.release.artifact import Artifact
    from churn_pipeline.serving.files import Checked, ToScore


def scored(counts: Counter[str], champion: Artifact, target: Path) -> None:
    """Say how many customers were scored, with what, and what to do with them."""
    from churn_pipeline.serving.decide import DECISIONS

    decided = ", ".join(f"{counts[name]:,} {name}" for name in DECISIONS)
    click.echo(
        f"{counts.total():,} customers scored with {champion.manifest.version} "
        f"({decided}): {target}"
    )


def date(dataset: Dataset, day: str | None) -> None:
    """Say to which date days were counted, where that matters."""
    from churn_pipeline.serving.day import counts_days

    if counts_days(dataset):
        source = "as --date says" if day else "today; --date for another day"
        click.echo(f"days counted up to {dataset.snapshot_date} ({source})", err=True)


def anonymous(checked: Checked) -> None:
    """Say how many rows have no customer, where that is normal."""
    if checked.anonymous:
        click.echo(
            f"{checked.anonymous:,} of {checked.rows:,} rows have no customer, which "
            "is normal here: not scored",
            err=True,
        )


def unknown(to_score: ToScore, champion: Artifact) -> None:
    """Say which values the model answered to without having learnt them."""
    from churn_pipeline.serving.files import unknown_values

    if found := unknown_values(to_score, champion):
        counts = ", ".join(f"{name}: {n:,}" for name, n in list(found.items())[:12])
        click.echo(
            f"unknown categories or missing values, scored all the same: {counts}",
            err=True,
        )


def rejected(checked: Checked, path: Path, largest_share: float) -> None:
    """Say how many rows were rejected; fail where they are more than is allowed."""
    share = checked.bad_share
    counts = f"{checked.rejected:,} of {checked.rows:,} rows rejected: {path}"
    if share <= largest_share:
        click.echo(counts, err=True)
        return
    raise click.ClickException(
        f"expected at most {largest_share:.1%} invalid rows, got {counts} "
        f"({share:.1%}); correct the file, or raise `max_rejected_share` in dataset.yml"
    )
