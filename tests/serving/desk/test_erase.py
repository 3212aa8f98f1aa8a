"""A customer is taken out of every version of the lists, and nothing else is."""

import errno
import os
import stat

import pandas as pd
import pytest

from churn_pipeline.serving.desk.erase import ListError, list_erasures
from churn_pipeline.serving.desk.lists import rows_of
from tests.serving.desk.files import ASSIGNED, LIST, VERSION, leave_list, leave_outcomes

LATER = "2026-02-02T06.00.00.000Z"
NAMES = ["observation_date", "campaign", "arm", "rank"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("CHURN_OUTPUT_DIR", raising=False)
    return tmp_path / "data/07_model_output/tiny"


@pytest.fixture
def places(tmp_path, folder):
    return list_erasures("tiny", tmp_path)


def _counts(places, customer):
    return {name: place.count(customer) for name, place in places.items()}


def _file(folder, name, version=VERSION):
    return folder / name / version / name


def test_a_customer_is_gone_from_all_versions_and_from_the_outcomes(folder, places):
    for version in (VERSION, LATER):
        leave_list(folder, version)
        leave_outcomes(folder, version)
    assert _counts(places, "C-2") == {"call lists": 4, "call outcomes": 2}
    assigned = pd.read_parquet(_file(folder, "call_assignments.parquet"))
    for place in places.values():
        place.forget("C-2")
    assert _counts(places, "C-2") == {"call lists": 0, "call outcomes": 0}
    for file in folder.rglob("*.*"):
        assert not file.is_file() or b"C-2" not in file.read_bytes()
    others = assigned[assigned["customer_id"] != "C-2"].reset_index(drop=True)
    for version in (VERSION, LATER):
        left = pd.read_parquet(_file(folder, "call_assignments.parquet", version))
        pd.testing.assert_frame_equal(left, others)
        left = pd.read_csv(_file(folder, "call_list.csv", version))
        assert left["customer_id"].tolist() == LIST["customer_id"].tolist()[1:]


def test_lines_of_other_customers_stay_as_they_are_to_the_byte(folder, places):
    rows = LIST.assign(reasons=["a\r\nb", 'says "no", or\nyes', "é; b"])
    leave_list(folder, rows=rows)
    file = _file(folder, "call_list.csv")
    before = file.read_bytes()
    first, last = before.index(b"1,C-2"), before.index(b"2,=cmd")
    places["call lists"].forget("C-2")
    assert file.read_bytes() == before[:first] + before[last:]


def test_a_second_time_nothing_is_written(folder, places):
    leave_list(folder)
    places["call lists"].forget("C-2")
    written = {file: file.stat().st_mtime_ns for file in folder.rglob("*.*")}
    places["call lists"].forget("C-2")
    assert {f: f.stat().st_mtime_ns for f in folder.rglob("*.*")} == written


def test_alike_names_and_numbers_are_told_apart(folder, places):
    leave_list(
        folder,
        rows=LIST.assign(customer_id=[7, 17, 71]),
        assigned=ASSIGNED.assign(customer_id=[7, 17]),
    )
    places["call lists"].forget("7")
    assert _counts(places, "7")["call lists"] == 0
    assert _counts(places, "17")["call lists"] == 2
    assert rows_of(_file(folder, "call_assignments.parquet"), "17", NAMES) == [
        {
            "observation_date": "2026-02-01",
            "campaign": "spring",
            "arm": "control",
            "rank": None,
        }
    ]


def test_of_who_was_alone_on_a_list_the_empty_list_stays(folder, places):
    leave_list(folder, rows=LIST.head(1), assigned=ASSIGNED.head(1))
    places["call lists"].forget("C-2")
    left = pd.read_parquet(_file(folder, "call_assignments.parquet"))
    assert (len(left), list(left.columns)) == (0, list(ASSIGNED.columns))
    assert pd.read_csv(_file(folder, "call_list.csv")).empty


def test_where_nobody_was_listed_there_is_nothing_to_erase(folder, places):
    leave_outcomes(folder, rows=pd.DataFrame({"label": []}))
    for place in places.values():
        place.forget("C-2")
    assert _counts(places, "C-2") == {"call lists": 0, "call outcomes": 0}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("call_list.csv", b"rank,name\n1,C-2\n", "no column customer_id"),
        ("call_list.csv", b"\xff\xfe", "invalid start byte"),
        ("call_assignments.parquet", b"PAR1 no more", "magic bytes not found"),
    ],
)
def test_a_list_that_cannot_be_read_is_named_and_the_others_are_erased(
    folder, places, name, content, why
):
    for version in (VERSION, LATER):
        leave_list(folder, version)
    torn = _file(folder, name)
    torn.write_bytes(content)
    lists = places["call lists"]
    assert lists.count("C-2") == 3
    lists.forget("C-2")
    assert lists.count("C-2") == 0
    ((file, told),) = lists.unreadable.items()
    assert (file, torn.read_bytes()) == (torn, content)
    assert why in told
    torn.unlink()
    assert (lists.count("C-2"), lists.unreadable) == (0, {})


def test_a_table_without_customers_is_named(folder, places):
    leave_list(folder, assigned=ASSIGNED.drop(columns="customer_id"))
    assert places["call lists"].count("C-2") == 1
    assert list(places["call lists"].unreadable.values()) == ["no column customer_id"]


def test_what_a_kill_left_of_writing_a_list_goes(folder, places):
    leave_list(folder)
    parts = [
        _file(folder, name).with_name(f".{name}.4242.unfinished")
        for name in ("call_list.csv", "call_assignments.parquet")
    ]
    for part in parts:
        part.write_bytes(b"1,C-2,0.9")
    places["call lists"].forget("C-9")
    assert [part.exists() for part in parts] == [False, False]


def test_a_list_that_only_its_owner_may_read_stays_so(folder, places):
    leave_list(folder)
    file = _file(folder, "call_list.csv")
    file.chmod(0o600)
    places["call lists"].forget("C-2")
    assert b"C-2" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_list_that_cannot_be_written_is_told(folder, places, monkeypatch):
    leave_list(folder)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ListError, match=r"got No space left on device; make room"):
        places["call lists"].forget("C-2")
    assert places["call lists"].count("C-2") == 2
