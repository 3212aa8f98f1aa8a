"""The model card: one small page with everything."""

import re
from dataclasses import replace

from tests.factories import DECISION
from tests.pipelines.evaluation.inputs import FEATURE_SET, evaluate


def test_the_card_is_one_small_page_with_everything(first, inputs):
    page = first["model_card"]
    assert len(page.encode()) < 200_000
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<svg") == 4
    for part in (
        inputs["artifact"].manifest.version,
        inputs["artifact"].manifest.hashes.data,
        "The gate lets this model pass.",
        "base rate for everybody",
        "true hazard (the ceiling)",
        "buys nothing within 60 days",
        "plan: basic",
        "plan: (missing) (too few to judge)",
        "gender: female",
        f"{first['metrics']['roc_auc']:.3f}",
    ):
        assert part in page
    assert "nan" not in re.sub("<style.*?</style>", "", page, flags=re.S).split()


def test_a_certainty_that_does_not_hold_is_told_on_the_card(inputs, first):
    artifact, metrics = inputs["artifact"], first["metrics"]
    assert metrics["coverage"] == artifact.manifest.conformal.coverage == 0.8
    assert "surely less often than stated" not in first["model_card"]
    wrong = replace(artifact.manifest.conformal, leaves_from=0.6, stays_to=0.7)
    found = evaluate({**inputs, "artifact": artifact.restated(conformal=wrong)})
    assert found["metrics"]["coverage_of_churners_high"] < 0.8
    assert "surely less often than stated" in found["model_card"]


def test_the_base_rate_does_not_look_calibrated_best(first):
    (row,) = re.findall(r"<tr.*base rate for everybody.*</tr>", first["model_card"])
    assert re.findall("<td>(.*?)</td>", row)[4] == "-"


def test_the_card_explains_every_feature_it_draws_and_links_the_drift(first, inputs):
    page = first["model_card"]
    version = inputs["artifact"].manifest.version
    assert f'href="../../drift_report.html/{version}/drift_report.html"' in page
    for feature in inputs["artifact"].manifest.features:
        if feature.description:
            assert f"<code>{feature.name}</code>: {feature.description}" in page


def test_the_card_says_what_chance_gives_beside_the_calibration_error(first):
    noise = 100 * first["metrics"]["calibration_error_noise"]
    assert f"would show up to {noise:.1f} by chance" in first["model_card"]


def test_the_card_of_a_refused_model_says_why(against_itself):
    page = against_itself["model_card"]
    assert "The gate refuses this model." in page
    assert "surely better by more than 0" in page


def test_names_from_the_data_cannot_break_the_card(inputs):
    rows = inputs["model_input"].replace({"gender": {"male": "<b>male"}})
    page = evaluate({**inputs, "model_input": rows})["model_card"]
    assert "gender: &lt;b&gt;male" in page


def test_data_without_segments_or_sensitive_columns_has_a_card(inputs):
    bare = {**FEATURE_SET, "segments": [], "sensitive": []}
    found = evaluate({**inputs, "feature_set": bare})
    assert "No column is declared as sensitive" in found["model_card"]
    assert len(found["segment_metrics"]) == 0
    assert found["gate_verdict"]["approved"]


def test_a_card_tells_that_costs_are_placeholders(inputs, first):
    told = "These costs and values are assumed"
    assert told not in first["model_card"]
    page = evaluate(inputs, replace(DECISION, assumed=True))["model_card"]
    assert told in page


def test_a_card_says_that_copies_of_rows_flatter_its_figures(inputs, first):
    copies = {"check": "equal rows", "message": "got 12 of 600 that equal another"}
    other = {"check": "new columns", "message": "got `Colour`"}
    found = {"findings": [copies, other]}
    page = evaluate({**inputs, "data_quality": found})["model_card"]
    assert "<b>Doubtful:</b> got 12 of 600 that equal another." in page
    assert "Colour" not in page
    assert "Doubtful" not in first["model_card"]
