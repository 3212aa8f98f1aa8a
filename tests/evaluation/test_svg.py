"""Charts as SVG text."""

from xml.etree import ElementTree

import pytest

from churn_pipeline.evaluation.svg import Line, bars, chart, tiny_bars


def _parsed(text):
    return ElementTree.fromstring(text)  # noqa: S314 - our own text


def test_a_chart_holds_its_points_and_names_its_axes():
    lines = [Line([0, 1], [0, 5], "main", "a < b"), Line([0.5], [-2.5], "mark")]
    root = _parsed(chart(lines, x_label="share", y_label="money", x_percent=True))
    texts = [node.text for node in root.iter() if node.text]
    assert {"share", "money", "0 %", "100 %", "a < b"} <= set(texts)
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    (circle,) = (node for node in root if node.tag == "circle")
    assert 0 < float(circle.get("cx")) < width
    assert 0 < float(circle.get("cy")) < height


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_flat_line_is_drawn(value):
    root = _parsed(
        chart([Line([0, 1], [value, value], "main")], x_label="", y_label="")
    )
    assert "nan" not in ElementTree.tostring(root, "unicode")


def test_bars_are_as_long_as_their_values():
    root = _parsed(bars(["a & b", "c"], [2.0, 1.0]))
    first, second = (float(n.get("width")) for n in root if n.tag == "rect")
    assert first == pytest.approx(2 * second)


def test_tiny_bars_are_as_high_as_their_values_and_none_is_drawn_of_nothing():
    (path,) = _parsed(tiny_bars([1, 4, 0]))
    assert path.get("d") == "M0 20v-5h9v5h1v-20h9v20h1v-0h9v0h1"
    assert "nan" not in tiny_bars([]) + tiny_bars([0])
