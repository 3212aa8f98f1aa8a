"""`kedro churn rebuild`: a released model is made again to the same bytes."""

import json


def test_a_released_model_is_made_again_to_the_same_bytes(trained):
    done = trained.kedro("churn", "rebuild", "1.0.0", "--env", "test", "--json")
    found = {part["what"]: part for part in json.loads(done.stdout)}
    assert all(part["same"] for part in found.values())
    assert "scored_test_rows, as the run wrote them" in found
    assert found["registered: all rows of model_input"]["values"] > 1000


def test_what_the_release_was_found_to_be_is_shown(trained):
    done = trained.kedro("churn", "review", "1.0.0", "--env", "test", "--json")
    found = json.loads(done.stdout)
    assert found["state"] == "champion"
    assert found["failed"] == []
    checked = {finding["name"]: finding["outcome"] for finding in found["findings"]}
    assert checked["bias: age"] in ("passed", "not applicable")
    assert checked["compliance: sensitive columns"] == "passed"


def test_without_the_rows_that_it_was_made_of_it_is_refused(trained, tmp_path):
    own = trained.copy(tmp_path / "project")
    for path in own.folder.glob("data/05_model_input/test/model_input.parquet/*/*"):
        path.unlink()
    done = own.kedro("churn", "rebuild", "1.0.0", "--env", "test", check=False)
    assert done.returncode == 1
    assert "expected model_input of version" in done.stderr
    assert "restore it from a copy" in done.stderr


def test_a_version_that_is_not_there_is_refused(trained):
    done = trained.kedro("churn", "rebuild", "9.9.9", "--env", "test", check=False)
    assert done.returncode == 1
    assert "its number in MLflow, got '9.9.9'" in done.stderr
