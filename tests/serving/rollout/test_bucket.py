"""The draw of customers: the same everywhere, and fair."""

import os
import subprocess
import sys

from churn_pipeline.serving.rollout.bucket import (
    BUCKETS,
    bound,
    bucket,
    digest,
    draw_of,
)

CODE = (
    "from churn_pipeline.serving.rollout.bucket import *;"
    "print([bucket(digest(f'C-{i}', draw_of('1.1.0'))) for i in range(50)])"
)


def test_buckets_are_those_that_they_were_on_the_first_day():
    draw = draw_of("1.1.0")
    found = [bucket(digest(customer, draw)) for customer in ("C-1", "C-2", "42", "é")]
    assert found == [4877, 3494, 9773, 5729]


def test_two_processes_that_hash_text_differently_draw_the_same():
    said = {
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_an_integer_is_the_text_of_its_digits():
    draw = draw_of("x")
    assert digest(42, draw) == digest("42", draw) != digest("042", draw)


def test_text_that_is_no_valid_unicode_has_a_bucket():
    assert 0 <= bucket(digest("\ud800", draw_of("x"))) < BUCKETS


def test_a_share_is_as_large_as_it_says():
    draw = draw_of("x")
    inside = sum(bucket(digest(i, draw)) < 2_500 for i in range(20_000))
    assert abs(inside / 20_000 - 0.25) < 0.015  # five standard errors


def test_another_experiment_draws_other_customers():
    first, second = draw_of("1"), draw_of("2")
    both = sum(
        bucket(digest(i, first)) < 1_000 and bucket(digest(i, second)) < 1_000
        for i in range(20_000)
    )
    assert abs(both / 20_000 - 0.01) < 0.004


def test_the_bound_of_a_share_lies_between_two_buckets():
    drawn = [digest(i, draw_of("x")) for i in range(3_000)]
    for buckets in (0, 1, 500, 3_333, 9_999, 10_000):
        top = bound(buckets)
        assert all((d < top) == (bucket(d) < buckets) for d in drawn)
    edge = int.from_bytes(bound(3_333), "big")
    assert bucket(edge.to_bytes(16, "big")) == 3_333
    assert bucket((edge - 1).to_bytes(16, "big")) == 3_332
