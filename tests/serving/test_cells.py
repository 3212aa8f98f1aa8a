"""A table of few bytes takes little memory, whatever it says."""

import io
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn_pipeline.serving import bodies
from churn_pipeline.serving.bodies import ARROW, CSV, PARQUET
from churn_pipeline.serving.unpacked import unpacked_bytes

ROWS = 3_000
LONG = "x" * 300_000


def _table(plan, n=ROWS):
    numbers = {"tenure_months": [3.0] * n, "monthly_charge": [1.0] * n}
    return pa.table(numbers | {"plan": plan})


def _stream(table, compression=None):
    out, options = io.BytesIO(), pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(out, table.schema, options=options) as writer:
        writer.write_table(table)
    return out.getvalue()


def _file(table):
    out = io.BytesIO()
    pq.write_table(table, out, dictionary_pagesize_limit=2**20, store_schema=False)
    return out.getvalue()


def _view():
    """Return texts that all lie in the same bytes."""
    one = pa.array([LONG], pa.string_view()).buffers()
    views = pa.py_buffer(one[1].to_pybytes()[:16] * ROWS)
    return pa.Array.from_buffers(pa.string_view(), ROWS, [None, views, *one[2:]])


def _overlapping():
    """Return lists that all lie in the same values."""
    offsets, sizes = pa.array([0] * ROWS), pa.array([LONG.__len__()] * ROWS)
    values = pa.nulls(len(LONG), pa.int8())
    return pa.LargeListViewArray.from_arrays(offsets, sizes, values)


def _named_by_all():
    """Return one long text that every row names."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * ROWS, pa.int32()), [LONG])


BOMBS = {
    "views": lambda: (ARROW, _stream(_table(_view()))),
    "overlapping lists": lambda: (ARROW, _stream(_table(_overlapping()))),
    "a dictionary": lambda: (ARROW, _stream(_table(_named_by_all()))),
    "runs": lambda: (
        ARROW,
        _stream(_table(pa.RunEndEncodedArray.from_arrays([ROWS], [LONG]))),
    ),
    "a dictionary in Parquet": lambda: (
        PARQUET,
        _file(_table(_named_by_all())),
    ),
    "columns of a CSV": lambda: (CSV, b"a," * 2**22 + b"\n1\n"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_few_bytes_do_not_become_many(client, name):
    kind, body = BOMBS[name]()
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    answer = client.post("/predict_batch", content=body, headers={"content-type": kind})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in {"invalid_value", "too_many_columns"}
    assert peak < 5 * len(body) + 30 * 2**20
    assert pa.total_allocated_bytes() - before < 100 * 2**20


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_stream_that_unpacks_to_more_than_it_may_is_refused(
    client, compression, monkeypatch
):
    monkeypatch.setattr(bodies, "MAX_UNPACKED", 2**22)
    body = _stream(_table(pa.array([b"\0" * 2**12] * ROWS), ROWS), compression)
    before = pa.default_memory_pool().max_memory()
    answer = client.post(
        "/predict_batch", content=body, headers={"content-type": ARROW}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert pa.default_memory_pool().max_memory() - before < 2**20


@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_what_a_stream_unpacks_to_is_what_its_buffers_say(compression):
    table = _table(pa.array(["basic"] * ROWS).dictionary_encode())
    said = unpacked_bytes(_stream(table, compression))
    assert said == (0 if compression is None else pytest.approx(20 * ROWS, rel=0.01))


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_compressed_stream_is_answered(client, compression):
    plan = pa.array(["basic", "plus", None] * 10).dictionary_encode()
    answer = client.post(
        "/predict_batch",
        content=_stream(_table(plan, 30), compression),
        headers={"content-type": ARROW},
    )
    assert answer.status_code == 200
    assert answer.json()["warnings"] == {"plan": {"missing": 10}}


def test_the_views_of_polars_are_texts(client):
    polars = pytest.importorskip("polars")
    numbers = {"tenure_months": [3.0, 4.0], "monthly_charge": [1.0, 2.0]}
    frame = polars.DataFrame(numbers | {"plan": ["basic", "a" * 50]})
    out = io.BytesIO()
    frame.write_ipc_stream(out, compat_level=polars.CompatLevel.newest())
    answer = client.post(
        "/predict_batch", content=out.getvalue(), headers={"content-type": ARROW}
    )
    assert answer.json()["warnings"] == {"plan": {"unknown_category": 1}}


@pytest.mark.parametrize(
    "body", [b"", b"\xff" * 8, b"\xff\xff\xff\xff\xff\xff\xff\x7f"]
)
def test_what_is_no_stream_unpacks_to_nothing(client, body):
    answer = client.post(
        "/predict_batch", content=body, headers={"content-type": ARROW}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


WRONG = {
    "timestamps no calendar has": pa.array([2**62, 2], pa.timestamp("s")),
    "times of no zone": pa.array([2, 2], pa.timestamp("s", "No/Where")),
    "durations": pa.array([2**62, 2], pa.duration("s")),
    "dates": pa.array([2**30, 2], pa.date32()),
    "decimals": pa.array([1, 2]).cast(pa.decimal128(38, 0)),
    "structs": pa.array([{"a": 1}] * 2),
    "maps": pa.array([[(1, 2)]] * 2, pa.map_(pa.int8(), pa.int8())),
    "bytes": pa.array([b"\xff"] * 2),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_column_of_no_numbers_and_no_text_is_refused_by_its_name(client, name):
    answer = client.post(
        "/predict_batch",
        content=_stream(_table(WRONG[name], 2)),
        headers={"content-type": ARROW},
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "plan")
    assert answer.json()["received"] == str(WRONG[name].type)


@pytest.mark.parametrize(
    "plan",
    [
        pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff", b"\xfe"]).buffers()),
        pa.DictionaryArray.from_arrays(pa.array([0, 77]), ["a"], safe=False),
    ],
)
def test_a_column_that_is_broken_within_is_refused(client, plan):
    answer = client.post(
        "/predict_batch",
        content=_stream(_table(plan, 2)),
        headers={"content-type": ARROW},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"a" * 200_000 + b",b\n1,2\n", 400, "invalid_body"),
        (b"a\rb\n1,2\n", 400, "invalid_body"),
        (b"plan,plan\nbasic,plus\n", 422, "repeated_column"),
        (b"plan,tenure_months,monthly_charge\nbasic,1_0,1\n", 422, "invalid_value"),
        ("plan,tenure_months,monthly_charge\nplus,٣,1\n", 422, "invalid_value"),
        (b"plan,tenure_months,monthly_charge\nbasic,inf,1\n", 422, "invalid_value"),
    ],
)
def test_a_csv_is_read_as_it_looks_or_not_at_all(client, body, status, code):
    content = body if isinstance(body, bytes) else body.encode()
    answer = client.post(
        "/predict_batch", content=content, headers={"content-type": CSV}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nan_in_a_csv_is_a_missing_value(client):
    answer = client.post(
        "/predict_batch",
        content=b"plan,tenure_months,monthly_charge\nbasic,1,NaN\n",
        headers={"content-type": CSV},
    )
    assert answer.json()["warnings"] == {"monthly_charge": {"missing": 1}}
