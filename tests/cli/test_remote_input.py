"""`adopt`, `kedro run` and `score` on a table in an S3 store."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

from churn_pipeline.cli.adopt import adopt
from churn_pipeline.cli.score import score
from tests.cli.adopt.inputs import SNAPSHOT, table
from tests.conftest import Project
from tests.io.stores import SECRET, Store, s3_store

VALIDATED = "data/03_primary/mine/customers.parquet"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with s3_store() as served:
        yield served


@pytest.fixture
def inside(
    project: Project, store: Store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """The fresh project as current folder, the store's key in its base credentials."""
    key = {"lake": store.options}
    credentials = project.folder / "conf/base/credentials.yml"
    credentials.write_text(yaml.safe_dump(key))
    monkeypatch.chdir(project.folder)
    bootstrap_project(project.folder)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(project.folder))
    return project


def described(file: str, *options: str) -> Result:
    return CliRunner().invoke(adopt, ["mine", file, *SNAPSHOT, "--force", *options])


def validated(project: Project, **variables: str) -> pd.DataFrame:
    project.kedro("run", "--env", "mine", "--pipelines", "data_validation", **variables)
    query = f"FROM '{project.folder / VALIDATED}' ORDER BY customer_id"
    return duckdb.sql(query).df()


def test_a_table_in_s3_is_validated_row_for_row_as_on_the_disk(
    inside: Project, store: Store
) -> None:
    text = table().to_csv(index=False)
    Path("data/01_raw/table.csv").write_text(text)
    assert described("data/01_raw/table.csv").exit_code == 0
    local = validated(inside)
    url = store.put("daily/table.csv", text)
    done = described(url, "--credentials", "lake")
    assert done.exit_code == 0, done.output
    catalog = yaml.safe_load(Path("conf/mine/catalog.yml").read_text())
    entry = catalog["raw_customers"]
    assert (entry["filepath"], entry["credentials"]) == (url, "lake")
    assert len(local) == 400
    pd.testing.assert_frame_equal(validated(inside), local)
    assert not _files_with_the_secret(inside.folder)


def test_the_folder_of_raw_files_may_be_a_bucket(
    inside: Project, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.put("months/table.csv", table().to_csv(index=False))
    monkeypatch.setenv("CHURN_DATA_DIR", "s3://company/months/")
    assert described(url, "--credentials", "lake").exit_code == 0
    path = Path("conf/mine/catalog.yml")
    entries = yaml.safe_load(path.read_text())
    assert entries["raw_customers"]["filepath"] == "${globals:raw}/table.csv"
    del entries["raw_customers"]["credentials"]
    path.write_text(yaml.safe_dump(entries))
    folder = {"CHURN_DATA_DIR": "s3://company/months"}
    assert len(validated(inside, **folder, **store.variables)) == 400


@pytest.mark.parametrize(
    "url",
    ["https://me:pa55@host/a.csv", "https://host/a.csv?X-Amz-Signature=pa55"],
)
def test_a_secret_in_an_address_is_not_written_to_the_catalog(
    inside: Project, url: str
) -> None:
    done = described(url)
    assert done.exit_code == 1
    assert "expected an address without password" in done.output
    assert "pa55" not in done.output
    assert not Path("conf/mine").exists()


def test_unknown_credentials_are_named(inside: Project, store: Store) -> None:
    done = described("s3://company/a.csv", "--credentials", "sea")
    assert done.exit_code == 1
    assert "expected the key `sea` in credentials.yml, got none" in done.output


def test_scores_are_not_written_to_a_url(inside: Project) -> None:
    done = CliRunner().invoke(score, ["--env", "telco", "a.csv", "s3://company/b.csv"])
    assert done.exit_code == 1
    assert "path on this machine, got s3://company/b.csv" in done.output


def _files_with_the_secret(folder: Path) -> list[Path]:
    """Return the files that hold the store's secret, but the one that is to."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != "credentials.yml"
        and SECRET.encode() in path.read_bytes()
    ]
