"""Values as Feast writes them; what is not known is refused, never guessed."""

import pytest

from churn_pipeline.serving.online.encoding import value
from tests.serving.online.stores import written


@pytest.mark.parametrize("given", ["", "plus", "Zürich", 0.0, -1.5e300, None])
def test_a_value_is_read_as_written(given: str | float | None) -> None:
    assert value(written(given)) == given


def test_a_long_text_is_read_whole() -> None:
    text = "é" * 400
    assert value(b"\x12\xa0\x06" + text.encode()) == text


def test_what_is_not_a_number_is_missing() -> None:
    assert value(written(float("nan"))) is None
    assert value(b"\x98\x01\x00") is None  # Feast's null


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"text or a float64 .* byte 0x20"):
        value(b"\x20\x07")  # an int64
