"""What is told of a column beside the last accepted data."""

from churn_pipeline.validation.changes import column_changes

NUMBER = {"type": "float64", "missing": 0, "mean": 10.0, "min": 0.0, "max": 20.0}
LEVELS = {"type": "string", "missing": 0, "distinct": 2, "levels": {"a": 0.5, "b": 0.5}}


def changes(column: dict, before: dict) -> list[str]:
    return column_changes(column, before, rows=100, rows_before=100)


def test_the_same_column_has_no_changes() -> None:
    assert changes(NUMBER, NUMBER) == changes(LEVELS, LEVELS) == []


def test_a_small_move_of_the_mean_is_not_told_and_a_large_one_is() -> None:
    assert changes(NUMBER | {"mean": 10.4}, NUMBER) == []
    assert changes(NUMBER | {"mean": 11.0}, NUMBER) == ["mean 10 → 11"]


def test_missing_values_and_ends_are_told() -> None:
    assert changes(NUMBER | {"missing": 5, "max": 25_000.0}, NUMBER) == [
        "missing 0.0 % → 5.0 %",
        "max 20 → 25,000",
    ]


def test_levels_that_came_and_went_are_named() -> None:
    now = LEVELS | {"levels": {"a": 0.5, "c": 0.5}}
    assert changes(now, LEVELS) == ["new: c", "gone: b"]


def test_levels_of_a_list_that_is_not_whole_are_not_compared() -> None:
    assert changes(LEVELS | {"distinct": 900, "levels": {"z": 0.5}}, LEVELS) == []


def test_another_type_is_all_that_is_told() -> None:
    assert changes(LEVELS, NUMBER) == ["type float64 → string"]
