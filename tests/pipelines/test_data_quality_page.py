"""The data quality page stays small and whole, whatever the data say."""

import re
from typing import Any

from churn_pipeline.pipelines.data_validation.figures import draw_missing, draw_rejected
from churn_pipeline.pipelines.data_validation.page import write_page

HOSTILE = '<img src=x onerror="alert(1)">&'


def column(i: int) -> dict[str, Any]:
    return {
        "type": "string",
        "missing": i % 7,
        "distinct": 5,
        "levels": {f"{HOSTILE * 3}{n}": 0.2 for n in range(5)},
        "shape": [],
        "changed": [f"new: {HOSTILE * 3}", "missing 1.0 % → 2.0 %"],
    }


def report(n: int) -> dict[str, Any]:
    """A table of n columns, each with a reason, a finding and a hostile name."""
    names = [f"{i} {HOSTILE * 3}" for i in range(n)]
    cell = {"row": 1, "column": names[0], "value": HOSTILE * 2}
    table = {
        "rows": 1000,
        "accepted": 990,
        "rejected": 10,
        "reasons": {f"{name}: not a number": 1 for name in names},
        "examples": {f"{name}: not a number": [cell] * 3 for name in names[:30]},
        "columns": {name: column(i) for i, name in enumerate(names)},
    }
    finding = {"check": "leak", "message": HOSTILE * 100}
    findings = [
        finding | {"where": f"customers.{name}", "level": "stop" if i == 1 else "warn"}
        for i, name in enumerate(names)
    ]
    return {"tables": {"customers": table}, "findings": findings}


def page(found: dict[str, Any], **options: bool) -> str:
    is_first = options.get("is_first", False)
    return write_page(found, HOSTILE, today="2026-01-31", is_first=is_first)


def test_a_page_of_two_thousand_columns_is_small_and_says_what_it_leaves_out() -> None:
    text = page(report(2000))
    assert len(text.encode()) < 300_000
    assert "100 of 2,000 columns" in text
    assert "And 1,970 more reasons" in text
    assert "And 1,970 more, in" in text


def test_nothing_of_the_data_is_read_as_html() -> None:
    text = page(report(40))
    assert "&lt;img src=x" in text
    assert "<img" not in text
    assert "<script" not in text
    tags = set(re.findall(r"<([a-z0-9]+)", text)) - {"style", "svg", "path"}
    ours = "html head meta title body h1 h2 p div b strong table tr th td span code"
    assert tags <= set(ours.split())


def test_findings_that_stop_come_first_and_are_named_on_top() -> None:
    text = page(report(3))
    assert "The data stop the run." in text
    assert text.index("stops the run</td>") < text.index("warns</td>")


def test_good_data_have_a_short_page_without_a_comparison_the_first_time() -> None:
    found = report(2)
    found["findings"] = []
    found["tables"]["customers"] |= {"reasons": {}, "examples": {}, "rejected": 0}
    text = page(found, is_first=True)
    assert "nothing odd was found" in text
    assert "<p>None.</p>" in text
    assert "since the last accepted data" not in text
    assert "since the last accepted data" in page(found)


def test_figures_hold_a_few_bars_with_names_that_fit() -> None:
    found = report(60)
    rejected, missing = draw_rejected(found), draw_missing(found)
    assert rejected.layout.title.text.startswith(
        "10 of 1,000 rows were rejected (1.0%)"
    )
    assert len(rejected.data[0].x) == len(missing.data[0].x) == 25
    assert max(missing.data[0].x) == 6 / 990
    assert not any("<img" in name for name in rejected.data[0].y)
    assert (
        draw_rejected({"tables": {}}).layout.title.text == "0 of 0 rows were rejected"
    )
