"""Who answers: 0 stops all, a larger share covers a smaller one, and who is outside."""

import pytest

from churn_pipeline.serving.rollout.bucket import digest, draw_of
from churn_pipeline.serving.rollout.choose import Chooser
from churn_pipeline.serving.rollout.spec import RolloutState, Segment

CUSTOMERS = [f"C-{i}" for i in range(3_000)]


def _chooser(percentage, **more):
    return Chooser(RolloutState(challenger="v2", percentage=percentage, **more))


def _variants(chooser):
    return {c: chooser(c, {}).variant for c in CUSTOMERS}


def _overrides(**sides):
    return {digest(c, draw_of("v2")).hex(): side for c, side in sides.items()}


def test_a_larger_share_moves_no_customer_back():
    before = {c for c, v in _variants(_chooser(0.01)).items() if v == "challenger"}
    for percentage in (1, 5, 5.5, 25, 50, 99.99, 100):
        now = {
            c for c, v in _variants(_chooser(percentage)).items() if v == "challenger"
        }
        assert before <= now
        before = now
    assert before == set(CUSTOMERS)


def test_at_0_everybody_gets_the_champion_also_by_override():
    chooser = _chooser(0, overrides=_overrides(A="challenger"), shadow="v3")
    for customer in ("A", "B", None):
        chosen = chooser(customer, {})
        assert (chosen.version, chosen.variant, chosen.shadow) == (
            None,
            "champion",
            "v3",
        )


def test_a_customer_without_an_id_gets_the_champion_and_is_not_counted():
    chosen = _chooser(100)(None, {})
    assert (chosen.version, chosen.variant) == (None, "outside")


def test_overrides_win_over_the_draw_and_over_exclusion():
    chooser = _chooser(
        50,
        overrides=_overrides(A="challenger", B="champion"),
        exclude=(Segment(feature="age", below=18),),
    )
    young = {"age": 17}
    assert chooser("A", young).version == "v2"
    assert chooser("B", {}).version is None
    assert {chooser(c, young).variant for c in "AB"} == {"outside"}


def test_a_number_and_its_text_are_the_same_customer():
    chooser = _chooser(50)
    assert all(chooser(i, {}) == chooser(str(i), {}) for i in range(200))


def test_a_shadow_that_answers_openly_does_not_answer_twice():
    assert _chooser(100, shadow="v2")("A", {}).shadow is None


@pytest.mark.parametrize(
    ("segment", "inside", "outside"),
    [
        ({"equals": "gold"}, "gold", "silver"),
        ({"one_of": ["gold", "silver"]}, "silver", "none"),
        ({"at_least": 18}, 18, 17.9),
        ({"below": 18}, 17.9, 18),
        ({"at_least": 18, "below": 25}, 20, 25),
    ],
)
def test_a_segment_is_excluded(segment, inside, outside):
    chooser = _chooser(100, exclude=(Segment(feature="f", **segment),))
    assert chooser("A", {"f": inside}).variant == "outside"
    for other in (outside, None, "other text"):
        assert chooser("A", {"f": other}).variant == "challenger"
