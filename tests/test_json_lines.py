"""A line is written whole, or not at all and it is said."""

import errno
import os
import subprocess
import sys

import pytest

from churn_pipeline import json_lines
from churn_pipeline.params import Params

FILLS_ITS_DISK = """
import resource, sys
from pathlib import Path
from churn_pipeline import json_lines
from churn_pipeline.params import Params

class Line(Params):
    text: str

path = Path(sys.argv[1])
with json_lines.adding(path) as add:
    add(Line(text="a"))
    room = path.stat().st_size + 20
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        add(Line(text="b" * 50))
    except OSError as error:
        print(error.strerror, error.filename)
    add(Line(text="c"))
"""


class Line(Params):
    """Some line."""

    text: str


def _texts(path):
    return [line.text for line in json_lines.read(path, Line)]


def test_what_the_disk_takes_in_parts_is_written_whole(tmp_path, monkeypatch):
    path, write, sizes = tmp_path / "some.jsonl", os.write, []

    def halved(file, content):
        sizes.append(write(file, content[: (len(content) + 1) // 2]))
        return sizes[-1]

    monkeypatch.setattr(os, "write", halved)
    with json_lines.adding(path) as add:
        add(Line(text="a" * 50))
    assert len(sizes) > 2
    assert _texts(path) == ["a" * 50]


def test_a_line_that_cannot_be_written_whole_leaves_nothing(tmp_path, monkeypatch):
    path, write = tmp_path / "some.jsonl", os.write
    with json_lines.adding(path) as add:
        add(Line(text="a"))
    before = path.read_bytes()

    def full(file, content):
        if len(content) < 60:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content[:10])

    monkeypatch.setattr(os, "write", full)
    with (
        pytest.raises(OSError, match=r"No space left on device: .*some\.jsonl"),
        json_lines.adding(path) as add,
    ):
        add(Line(text="b" * 50))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("end", "kept"),
    [(b'{"text":"b"}', ["a", "b"]), (b'{"text":"b"', ["a"]), (b"7", ["a"])],
    ids=["whole", "torn", "no object"],
)
def test_a_last_line_without_its_end_stays_where_it_is_whole(tmp_path, end, kept):
    path = tmp_path / "some.jsonl"
    path.write_bytes(b'{"text":"a"}\n' + end)
    with json_lines.adding(path) as add:
        add(Line(text="c"))
    assert _texts(path) == [*kept, "c"]


def test_on_a_full_disk_it_is_said_and_a_shorter_line_still_fits(tmp_path):
    path = tmp_path / "some.jsonl"
    done = subprocess.run(  # the limit is of the whole process
        [sys.executable, "-c", FILLS_ITS_DISK, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == f"File too large {path}\n"
    assert _texts(path) == ["a", "c"]
