"""All versions of a table are read, and half a file does not stop that."""

import pandas as pd
import pytest

from churn_pipeline.io.versions import AllVersions


def _leave(folder, version, customer):
    file = folder / "calls.parquet" / version / "calls.parquet"
    file.parent.mkdir(parents=True)
    pd.DataFrame({"customer_id": [customer]}).to_parquet(file)
    return file


@pytest.mark.parametrize("content", [b"", b"PAR1 killed"])
def test_half_a_version_is_left_out_and_named(tmp_path, caplog, content):
    for version, customer in (("v1", "a"), ("v2", "b"), ("v3", "c")):
        _leave(tmp_path, version, customer)
    torn = tmp_path / "calls.parquet/v2/calls.parquet"
    torn.write_bytes(content)
    rows = AllVersions(path=str(tmp_path / "calls.parquet")).load()
    assert rows["customer_id"].tolist() == ["a", "c"]
    (told,) = caplog.messages
    assert told.startswith(f"expected a whole table in {torn}, got part of one")
    assert told.endswith("let run v2 end where it is at work, else remove the file")


def test_where_every_version_is_half_a_file_there_are_no_rows(tmp_path):
    _leave(tmp_path, "v1", "a").write_bytes(b"PAR1 killed")
    assert AllVersions(path=str(tmp_path / "calls.parquet")).load().empty
