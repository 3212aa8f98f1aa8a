"""No champion is ever measured on rows that it was fit on."""

import datetime as dt

import pytest

from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.provenance import FittedOn, row_facts
from churn_pipeline.release.reigning import Reigning, check_measured
from tests.factories import tiny_artifact, tiny_facts, tiny_refit

TESTED = dt.date(2025, 11, 1)
MEASURED = tiny_artifact("1")
SERVED = tiny_refit(MEASURED)
REIGNING = Reigning(SERVED, MEASURED)


def until(artifact, last, labels):
    fitted = FittedOn(facts=tiny_facts(9, last), labels_until=labels)
    return artifact.restated(fitted=fitted)


def test_the_refit_is_compared_on_rows_after_its_last_label():
    last = SERVED.manifest.fitted.labels_until
    assert REIGNING.for_rows(tiny_facts(50, last)) is SERVED


def test_one_whose_calibration_alone_is_newer_is_compared_after_its_rankings_labels():
    before = MEASURED.manifest.fitted
    fitted = FittedOn(
        facts=tiny_facts(9, TESTED),
        labels_until=TESTED + dt.timedelta(days=60),
        before=before,
    )
    calibrated = MEASURED.restated(fitted=fitted)
    reigning = Reigning(calibrated, calibrated)
    assert reigning.for_rows(tiny_facts(50, before.labels_until)) is calibrated
    with pytest.raises(ArtifactError, match="has not learnt from the test rows"):
        reigning.for_rows(tiny_facts(50, before.facts.last))


def test_before_that_the_one_that_was_measured_is_compared():
    last = SERVED.manifest.fitted.labels_until
    earlier = tiny_facts(50, last - dt.timedelta(days=1))
    assert REIGNING.for_rows(earlier) is MEASURED


def test_on_the_rows_of_its_own_test_the_measured_one_is_compared():
    # Of a snapshot all rows have one date: nothing but the rows themselves tells.
    date = dt.date(2026, 1, 1)
    test = tiny_facts(50, date)
    one = until(MEASURED, date, date)
    one = one.restated(measured={"facts": test})
    assert Reigning(tiny_refit(one), one).for_rows(test) is one
    with pytest.raises(ArtifactError, match="has not learnt from the test rows"):
        Reigning(tiny_refit(one), one).for_rows(tiny_facts(51, date))


def test_where_both_may_have_learnt_from_the_rows_neither_is_compared():
    early = tiny_facts(50, dt.date(2025, 9, 1))
    message = r"rows of 2025-09-01, got 1, fit on .* before its refit until 2025-09-01"
    with pytest.raises(ArtifactError, match=message):
        REIGNING.for_rows(early)


def test_a_refit_never_answers_for_the_rows_that_its_twin_was_measured_on():
    assert REIGNING.for_rows(MEASURED.manifest.measured.facts) is MEASURED


def test_an_artifact_is_found_by_its_digest():
    for artifact in (SERVED, MEASURED):
        assert REIGNING.of_digest(artifact.manifest.digest) is artifact
    with pytest.raises(LookupError, match="run the evaluation again"):
        REIGNING.of_digest("0")


@pytest.mark.parametrize(
    ("artifact", "measured"),
    [(SERVED, None), (SERVED, tiny_artifact("2")), (MEASURED, MEASURED)],
)
def test_another_twin_than_the_manifest_names_is_refused(artifact, measured):
    with pytest.raises(ArtifactError, match="beside the artifact that it was measured"):
        check_measured(artifact, measured)


def test_rows_are_told_by_their_keys_in_whatever_order():
    import pandas as pd

    rows = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "observation_date": [dt.date(2026, 1, 1), dt.date(2026, 1, 1), TESTED],
            "label": [1.0, 0.0, 1.0],
        }
    )
    told = row_facts(rows)
    assert (told.rows, told.churners) == (3, 2)
    assert (told.first, told.last) == (TESTED, dt.date(2026, 1, 1))
    assert row_facts(rows.iloc[::-1].assign(label=0.0)).keys == told.keys
    assert row_facts(rows.assign(customer_id=["a", "b", "d"])).keys != told.keys
    assert row_facts(rows.assign(observation_date=TESTED)).keys != told.keys
