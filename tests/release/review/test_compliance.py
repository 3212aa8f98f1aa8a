"""Columns that look sensitive are declared; card and manifest are complete."""

import pytest

from churn_pipeline.dataset import Dataset
from churn_pipeline.evaluation.card import SECTIONS
from churn_pipeline.feature import Feature
from churn_pipeline.release.manifest import Manifest
from churn_pipeline.release.review.compliance import (
    check_card,
    check_columns,
    check_manifest,
)
from tests.conftest import ROOT
from tests.factories import tiny_artifact

WHOLE = tiny_artifact().manifest.model_copy(
    update={"metrics": {"log_loss": 0.4, "roc_auc": 0.8, "profit": 1.0}}
)


def _dataset(**columns):
    return Dataset.model_validate(
        {
            "name": "tiny",
            "shape": "snapshot",
            "snapshot_date": "2026-01-01",
            "tables": {"customers": {"customer_id": "id", "columns": columns}},
            "label": {"rule": "column", "column": "left", "positive": "1"},
        }
    )


def _model(*features: Feature) -> Manifest:
    return WHOLE.model_copy(update={"features": features})


NUMBER, TEXT = {"type": "number"}, {"type": "category"}
AGE = Feature(name="age", type="number")


def test_a_sensitive_input_that_nobody_declared_fails_with_what_to_write():
    found = check_columns(_model(AGE), _dataset(age=NUMBER))
    assert (found.outcome, found.found) == ("failed", "not declared: age (tells age)")
    assert "sensitive: true" in found.todo


@pytest.mark.parametrize("said", [True, False])
def test_what_a_person_said_of_a_column_counts(said):
    found = check_columns(_model(AGE), _dataset(age={**NUMBER, "sensitive": said}))
    assert found.outcome == "passed"
    assert found.found.endswith("by the model: age" if said else "none")


def test_values_give_a_column_away_whatever_it_is_called():
    group = Feature(name="x7", type="category", allowed=("F", "M", "unknown"))
    found = check_columns(_model(group), _dataset(x7=TEXT))
    assert found.found == "not declared: x7 (tells sex)"


def test_levels_that_were_learnt_count_where_none_are_declared():
    model = _model(Feature(name="x7", type="category")).model_copy(
        update={"categories": {"x7": ("single", "married")}}
    )
    assert "marital status" in check_columns(model, _dataset(x7=TEXT)).found


def test_a_column_that_the_model_does_not_use_needs_no_declaration():
    plan = Feature(name="plan", type="category")
    found = check_columns(_model(plan), _dataset(plan=TEXT, age=NUMBER))
    assert found.outcome == "passed"


def _card(sections, version="1.0"):
    told = "".join(f"<h2>{name}</h2><p>{'words ' * 8}</p>" for name in sections)
    return f"<h1>Card of {version}</h1>{told}"


def test_a_card_with_every_section_passes():
    found = check_card(_card(SECTIONS), "1.0")
    assert (found.outcome, found.evidence) == ("passed", {"sections": 10.0})


def test_a_missing_and_an_empty_section_and_another_version_are_named():
    card = _card(SECTIONS[1:], "2.0") + "<h2>What it is for</h2><p> </p>"
    found = check_card(card, "1.0")
    assert found.outcome == "failed"
    assert "section “What it is for”" in found.found
    assert "the version 1.0" in found.found
    assert check_card("", "1.0").outcome == "failed"


def test_the_template_of_the_card_has_every_section():
    template = (ROOT / "src/churn_pipeline/evaluation/card.html").read_text("utf-8")
    headings = [line for line in template.splitlines() if line.startswith("<h2>")]
    assert headings == [f"<h2>{name}</h2>" for name in SECTIONS]


def test_a_whole_manifest_passes_and_tells_figures():
    found = check_manifest(WHOLE.model_copy(update={"packages": {"numpy": "2"}}))
    assert (found.outcome, found.evidence["figures"]) == ("passed", 3.0)


def test_what_a_manifest_lacks_is_named():
    lacking = WHOLE.model_copy(
        update={
            "metrics": {"log_loss": float("nan")},
            "measured": None,
            "hashes": WHOLE.hashes.model_copy(update={"data": ""}),
        }
    )
    found = check_manifest(lacking)
    assert found.outcome == "failed"
    for name in ("packages", "rows that its", "sha256 of the data", "figure log_loss"):
        assert name in found.found
