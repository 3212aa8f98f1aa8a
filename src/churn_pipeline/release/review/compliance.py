"""Compliance: is what people are protected by declared, and is everything told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.card import SECTIONS
from churn_pipeline.release.manifest import Manifest
from churn_pipeline.release.review.finding import Finding
from churn_pipeline.sensitive import looks_sensitive

_FIGURES = ("log_loss", "roc_auc", "profit")
_SHA256 = 64
_FEWEST = 20
"""Characters of a section that tells something."""


def check_columns(manifest: Manifest, dataset: Dataset) -> Finding:
    """Return whether each input that looks sensitive was looked at by a person.

    `sensitive: true` declares a column, and so does `sensitive: false`: somebody says
    that it is none.

    Args:
        manifest: Of the model.
        dataset: Says which columns are declared.
    """
    said = _declared(dataset)
    inputs = {feature.name: feature for feature in manifest.features}
    looks = {
        name: what
        for name, feature in inputs.items()
        if name in said
        and (what := looks_sensitive(name, feature.allowed or _learnt(manifest, name)))
    }
    silent = [name for name in looks if said[name] is None]
    used = [name for name in inputs if said.get(name)]
    told = f"declared sensitive and used by the model: {', '.join(used) or 'none'}"
    return Finding(
        name="compliance: sensitive columns",
        outcome="failed" if silent else "passed",
        found="not declared: " + ", ".join(f"{n} (tells {looks[n]})" for n in silent)
        if silent
        else told,
        todo="in dataset.yml say `sensitive: true` of each, so that its groups are "
        "compared, `feature: false` where the model must not use it, or `sensitive: "
        "false` where it is none; then run again"
        if silent
        else "",
        evidence={name: str(what) for name, what in looks.items()},
    )


def _declared(dataset: Dataset) -> dict[str, bool | None]:
    """Return column -> whether it is said to be sensitive; None: nobody said."""
    tables = dataset.tables
    return {
        name: column.sensitive if "sensitive" in column.model_fields_set else None
        for table in (tables.customers, tables.transactions, tables.contracts)
        if table is not None
        for name, column in table.columns.items()
    }


def _learnt(manifest: Manifest, name: str) -> tuple[str, ...]:
    return manifest.categories.get(name, ())


def check_card(card: str, version: str) -> Finding:
    """Return whether a model card has every section, and something in each.

    Args:
        card: The HTML page; empty where a release has none.
        version: Of the model, which the card has to name.
    """
    name = "compliance: model card"
    sections = _sections(card)
    lacking = [s for s in SECTIONS if len(sections.get(s, "").strip()) < _FEWEST]
    wrong = [f"section “{section}”" for section in lacking]
    if version not in card:
        wrong.append(f"the version {version}")
    return Finding(
        name=name,
        outcome="failed" if wrong else "passed",
        found=f"expected in the card, found none: {', '.join(wrong)}"
        if wrong
        else f"{len(SECTIONS)} of {len(SECTIONS)} sections",
        todo="run the pipeline `evaluation` again" if wrong else "",
        evidence={"sections": float(len(SECTIONS) - len(lacking))},
    )


def check_manifest(manifest: Manifest) -> Finding:
    """Return whether a manifest tells all that is to be known of a model."""
    lacking = list(_lacking(manifest))
    told = f"{len(manifest.features)} features, {len(manifest.metrics)} figures, "
    return Finding(
        name="compliance: manifest",
        outcome="failed" if lacking else "passed",
        found=f"expected in the manifest, found none: {', '.join(lacking)}"
        if lacking
        else told + f"{len(manifest.packages)} packages, hashes of all it is made from",
        todo="train again with `kedro run`" if lacking else "",
        evidence={
            "features": float(len(manifest.features)),
            "figures": float(len(manifest.metrics)),
            "packages": float(len(manifest.packages)),
        },
    )


def _lacking(manifest: Manifest) -> Iterator[str]:
    """Yield what a manifest does not tell."""
    there: Mapping[str, object] = {
        "features": manifest.features,
        "packages": manifest.packages,
        "files": manifest.files,
        "the rows that its figures were taken on": manifest.measured,
    }
    yield from (name for name, told in there.items() if not told)
    for name, told in manifest.hashes.model_dump().items():
        if len(str(told)) != _SHA256:
            yield f"sha256 of the {name}"
    for name in _FIGURES:
        value = manifest.metrics.get(name)
        if value is None or not math.isfinite(value):
            yield f"the figure {name}"


class _Page(HTMLParser):
    """Takes down the text below each heading of the second level."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._heading: str | None = None
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a section."""
        if tag == "h2":
            self._heading, self._in_heading = "", True

    def handle_endtag(self, tag: str) -> None:
        """End the heading; what follows is of the section."""
        if tag == "h2" and self._heading is not None:
            self._in_heading = False
            self.found[self._heading.strip()] = ""

    def handle_data(self, data: str) -> None:
        """Take text down."""
        if self._heading is None:
            return
        if self._in_heading:
            self._heading += data
        else:
            self.found[self._heading.strip()] += data


def _sections(card: str) -> dict[str, str]:
    """Return the text of each section of a page by its heading."""
    page = _Page()
    page.feed(card)
    page.close()
    return page.found
