"""A few examples of rejected rows stand for all of them."""

import json

import ibis

from churn_pipeline.validation.examples import rejected_examples


def checked(rows: list[tuple[list[str], str | None]]) -> ibis.Table:
    return ibis.memtable(
        {
            "_row": list(range(1, len(rows) + 1)),
            "_reasons": [reasons for reasons, _ in rows],
            "_original": [original for _, original in rows],
        },
        schema=ibis.schema(
            {"_row": "int64", "_reasons": "array<string>", "_original": "string"}
        ),
    )


def test_the_first_three_rows_of_a_reason_are_shown_with_the_cell_it_names() -> None:
    line = [
        (["a: b: below 0 (got -1)"], json.dumps({"a": "no", "a: b": f"-{i}"}))
        for i in range(5)
    ]
    found = rejected_examples(checked([([], None), *line]), ["a: b: below 0"])
    assert found == {
        "a: b: below 0": [
            {"row": 2, "column": "a: b", "value": "-0"},
            {"row": 3, "column": "a: b", "value": "-1"},
            {"row": 4, "column": "a: b", "value": "-2"},
        ]
    }


def test_a_reason_against_the_whole_row_shows_the_row_cut_to_fit() -> None:
    rows = [
        (["row: 9 cells instead of 2"], "x;" * 100),
        (["row: cells slid"], json.dumps({"a": None, "b": "c"})),
    ]
    kinds = ["row: 9 cells instead of 2", "row: cells slid"]
    found = rejected_examples(checked(rows), kinds)
    (cut,), (whole,) = found.values()
    assert len(cut["value"]) == 60
    assert cut["value"].endswith("…")
    assert whole == {"row": 2, "column": None, "value": ", c"}


def test_a_cell_without_a_value_is_none() -> None:
    rows = checked([(["id: missing"], '{"id": null}')])
    (example,) = rejected_examples(rows, ["id: missing"])["id: missing"]
    assert example == {"row": 1, "column": "id", "value": None}
