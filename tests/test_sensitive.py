"""Columns that look as if they told of what people are protected by."""

import pytest

from churn_pipeline.sensitive import looks_sensitive


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("age", "age"),
        ("Age", "age"),
        ("AgeHH1", "age"),
        ("customer_age_years", "age"),
        ("SeniorCitizen", "age"),
        ("date_of_birth", "birth"),
        ("dateofbirth", "birth"),
        ("Gender", "sex"),
        ("is_female", "sex"),
        ("ethnicity", "ethnic origin"),
        ("religion", "religion"),
        ("has_disability", "health"),
        ("MaritalStatus", "marital status"),
        ("nationality", "origin"),
        ("Geography", "origin"),
    ],
)
def test_a_name_gives_a_column_away(name, what):
    assert looks_sensitive(name) == what


@pytest.mark.parametrize(
    "name",
    "account_age contract_age_days average usage page_views stage message essex "
    "customer_health_score package tenure Partner".split(),
)
def test_a_name_that_only_sounds_alike_does_not(name):
    assert looks_sensitive(name) is None


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["Male", "Female", "Unknown"], "sex"),
        (["m", "f"], "sex"),
        (["single", "married", "divorced"], "marital status"),
        (["white", "black", "asian", "other"], "ethnic origin"),
        (["catholic", "protestant"], "religion"),
        (["white", "black"], None),
        (["single", "double"], None),
        (["M"], None),
        (["f", "m", "s"], None),
        ([], None),
    ],
)
def test_values_give_a_column_away(values, what):
    assert looks_sensitive("x", values) == what
