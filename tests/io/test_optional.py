"""A file that somebody else writes, or nobody."""

import pytest
from kedro.io import DatasetError

from churn_pipeline.io.optional import OptionalJSON


def test_without_the_file_it_is_none_and_with_it_its_content(tmp_path):
    path = tmp_path / "audit.json"
    dataset = OptionalJSON(filepath=str(path))
    assert dataset.load() is None
    assert not dataset.exists()
    path.write_text('{"dependencies": []}', "utf-8")
    assert dataset.load() == {"dependencies": []}
    assert dataset.exists()


def test_what_is_no_json_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "audit.json"
    path.write_text("{", "utf-8")
    with pytest.raises(DatasetError, match=r"expected JSON in .* or remove it"):
        OptionalJSON(filepath=str(path)).load()


def test_no_run_writes_it(tmp_path):
    with pytest.raises(DatasetError, match="only read"):
        OptionalJSON(filepath=str(tmp_path / "audit.json")).save({})
