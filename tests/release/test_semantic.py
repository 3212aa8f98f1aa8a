"""MAJOR.MINOR.PATCH: what each level means, and that no number is given twice."""

from dataclasses import replace

import pytest

from churn_pipeline.dataset import InactivityLabel
from churn_pipeline.release.semantic import Number, choose
from tests.factories import tiny_artifact

OLD = tiny_artifact("1").manifest
NEW = OLD.model_copy(update={"version": "2"})
AGE = OLD.features[0].model_copy(update={"name": "age"})
FIRST = Number(1, 0, 0)


def _hashes(**change):
    return {"hashes": OLD.hashes.model_copy(update=change)}


def _feature(**change):
    first, *others = OLD.features
    return {"features": (first.model_copy(update=change), *others)}


def _number(change, taken=(FIRST,)):
    made = choose(NEW.model_copy(update=change), {FIRST: OLD}, taken)
    return str(made.number), made.change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"features": OLD.features[1:]}, "features that are gone: tenure_months"),
        ({"features": (*OLD.features, AGE)}, "new features: age"),
        (_feature(unit="days"), "another type, unit, range or categories: tenure"),
        (_feature(max=240), "another type, unit, range or categories: tenure"),
        ({"label": InactivityLabel(rule="inactivity", horizon_days=90)}, "label"),
    ],
)
def test_what_a_caller_sends_or_reads_in_another_way_is_major(change, why):
    number, told = _number(change)
    assert number == "2.0.0"
    assert told.startswith("major change since 1.0.0")
    assert why in told


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"family": "net"}, "net in place of logistic"),
        (_hashes(code="9" * 64), "other code"),
        (_hashes(parameters="9" * 64), "other parameters"),
        ({"packages": {"torch": "3"}}, "other versions of packages"),
    ],
)
def test_another_way_of_making_it_is_minor(change, why):
    assert _number(change) == ("1.1.0", f"minor change since 1.0.0: {why}")


@pytest.mark.parametrize(
    "change",
    [
        _hashes(data="9" * 64),
        {"features": OLD.features[::-1]},
        _feature(description="Said otherwise"),
        {"conformal": replace(OLD.conformal, stays_to=0.7)},
        {"categories": {"plan": ("basic",)}},
    ],
)
def test_the_same_recipe_is_a_patch(change):
    assert _number(change)[0] == "1.0.1"


def test_a_number_that_was_taken_is_never_given_again():
    taken = [FIRST, Number(1, 0, 1), Number(1, 1, 0), Number(1, 10, 0), Number(2, 0, 0)]
    assert _number({}, taken)[0] == "1.0.2"
    assert _number({"family": "net"}, taken)[0] == "1.11.0"
    assert _number({"features": ()}, taken)[0] == "3.0.0"


def test_a_model_descends_from_the_nearest():
    without = NEW.model_copy(update={"features": OLD.features[1:]})
    relatives = {FIRST: OLD, Number(2, 0, 0): without}
    assert str(choose(without, relatives, relatives).number) == "2.0.1"
    assert str(choose(NEW, relatives, relatives).number) == "1.0.1"


def test_a_model_that_cannot_be_compared_is_major():
    made = choose(NEW, {FIRST: None}, [FIRST])
    assert made.number == Number(2, 0, 0)
    assert "cannot be read" in made.change


@pytest.mark.parametrize("text", ["1.2", "1.2.x", "01.2.3", "v1.2.3", ""])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"expected MAJOR\.MINOR\.PATCH"):
        Number.parse(text)
