"""What cannot be described is refused, and nothing is written."""

from pathlib import Path

import pytest

from tests.cli.adopt.inputs import SNAPSHOT, run, table

REFUSED = {
    "target missing": (["--target", "lft", "--positive", "Yes"], "mean `left`?"),
    "value missing": (["--target", "left", "--positive", "Yess"], "mean `Yes`?"),
    "no positive": (["--target", "left"], "expected also --positive, got none"),
    "neither": ([], "or --id, --time and --horizon (an event log), got neither"),
    "no horizon": (["--id", "id", "--time", "since"], "expected also --horizon"),
    "no dates": (
        ["--id", "id", "--time", "note", "--horizon", "9"],
        "expected dates such as 2024-01-31 12:30 in `note`",
    ),
    "twice": (
        ["--target", "left", "--positive", "Yes", "--id", "left"],
        "`left` twice",
    ),
    "no money": (
        ["--id", "id", "--time", "since", "--horizon", "9", "--amount", "gender"],
        "expected numbers in `gender` (--amount)",
    ),
    "one class": (["--target", "same", "--positive", "x"], "got `x` alone"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_described_is_refused(name: str) -> None:
    options, message = REFUSED[name]
    table().to_csv("data.csv", index=False)
    result = run(Path("data.csv"), *options)
    assert result.exit_code == 1
    assert message in result.output
    assert not Path("conf/mine").exists()


@pytest.mark.parametrize("name", ["Mine", "my data", "../x", "1st"])
def test_a_bad_name_is_refused(name: str) -> None:
    result = run(Path("data.csv"), *SNAPSHOT, name=name)
    assert "expected a name of small letters" in result.output


def test_a_name_that_cannot_be_a_folder_gets_one_proposed() -> None:
    assert "take `my_shop`" in run(Path("x.csv"), *SNAPSHOT, name="My shop").output
    assert "got 'test', which" in run(Path("x.csv"), *SNAPSHOT, name="test").output


def test_a_missing_file_is_refused() -> None:
    assert "expected a file at none.csv" in run(Path("none.csv"), *SNAPSHOT).output


def test_a_file_without_names_of_columns_is_told() -> None:
    rows = [f"{i:05},19970{i % 9 + 1}01,1,11.77" for i in range(50)]
    Path("sales.csv").write_text("\n".join(rows))
    done = run(Path("sales.csv"), "--id", "id", "--time", "day", "--horizon", "90")
    assert done.exit_code == 1
    assert "the first row looks like data: put a row of names above it" in done.output
