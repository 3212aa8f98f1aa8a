"""Files are written whole, or not at all."""

import stat

import pandas as pd
import pyarrow as pa
import pytest

from churn_pipeline.serving.writing import write_batches

SCHEMA = pa.schema([("id, no", pa.string()), ("p", pa.float64())])
BATCHES = [
    pa.record_batch([["a", "b"], [0.1, 0.2]], schema=SCHEMA),
    pa.record_batch([['c "x", y', None], [1 / 3, 0.5]], schema=SCHEMA),
]


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.parquet"])
def test_what_was_written_reads_back_equal(tmp_path, name):
    path = tmp_path / "new" / name
    assert write_batches(path, SCHEMA, BATCHES) == 4
    if name.endswith("parquet"):
        frame = pd.read_parquet(path)
    else:
        frame = pd.read_csv(path, sep="\t" if name.endswith("tsv") else ",")
    assert list(frame) == ["id, no", "p"]
    assert frame["id, no"].fillna("").tolist() == ["a", "b", 'c "x", y', ""]
    assert frame["p"].tolist() == [0.1, 0.2, 1 / 3, 0.5]


def test_plain_text_is_not_quoted(tmp_path):
    write_batches(tmp_path / "out.csv", SCHEMA, BATCHES[:1])
    assert (tmp_path / "out.csv").read_text() == '"id, no",p\na,0.1\nb,0.2\n'


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def failing():
        yield BATCHES[0]
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_batches(path, SCHEMA, failing())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_who_may_read_a_file_stays_as_it_was(tmp_path, mode):
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(mode)
    write_batches(path, SCHEMA, BATCHES)
    assert path.read_text() != "old"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected an output that ends in \.csv"):
        write_batches(tmp_path / "out.xls", SCHEMA, BATCHES)
