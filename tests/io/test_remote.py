"""Raw files at a URL are read as local ones are, by way of a copy."""

import bz2
import gzip
import io
import logging
import lzma
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, DatasetError

from churn_pipeline.io.raw import RawTable
from churn_pipeline.io.remote import COPIES, local_file
from churn_pipeline.io.textfile import RawFileError
from tests.io.stores import SECRET, Store, http_files, s3_store

CONNECTION = {"backend": "duckdb", "memory_limit": "500MB"}
FRAME = pd.DataFrame({"id": ["a", "b"], "x": ["1", "2"]})
CSV = FRAME.to_csv(index=False)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with s3_store() as served:
        yield served


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies are kept below the current folder; no key of this machine is used."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(url: str, credentials: dict | None = None, **options: object) -> pd.DataFrame:
    table = RawTable(
        filepath=url, connection=CONNECTION, credentials=credentials, **options
    ).load()
    return table.order_by("_row").to_pandas()[["id", "x"]]


def copies() -> list[Path]:
    return [path for path in COPIES.rglob("*") if path.is_file()]


def excel() -> bytes:
    buffer = io.BytesIO()
    FRAME.to_excel(buffer, index=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("a.tsv", CSV.replace(",", "\t").encode()),
        ("a.csv.gz", gzip.compress(CSV.encode())),
        ("a.csv.bz2", bz2.compress(CSV.encode())),
        ("a.csv.xz", lzma.compress(CSV.encode())),
        ("a.parquet", FRAME.to_parquet()),
        ("odd [name] 100%.parquet", FRAME.to_parquet()),
        ("a.xlsx", excel()),
    ],
)
def test_each_format_is_read_from_s3_as_from_the_disk(
    store: Store, name: str, content: bytes
) -> None:
    url = store.put(f"formats/{name}", content)
    assert load(url, store.options).equals(FRAME)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_files_are_read_over_http(project: Path, name: str) -> None:
    (project / "www").mkdir()
    path = project / "www" / name
    FRAME.to_parquet(path) if "parquet" in name else FRAME.to_csv(path, index=False)
    with http_files(project / "www") as url:
        assert load(f"{url}/{name}?version=7").equals(FRAME)


def test_a_file_url_is_read_in_place(project: Path) -> None:
    (project / "a.csv").write_text(CSV)
    assert load(f"file://{project}/a.csv").equals(FRAME)
    assert not COPIES.exists()


def test_a_file_is_fetched_again_only_when_it_changed(store: Store) -> None:
    url = store.put("changing.csv", CSV)
    first = Path(local_file(url, store.options).path)
    first.write_text(CSV.replace("1", "9"))  # as many bytes: still taken for the copy
    assert load(url, store.options)["x"].tolist() == ["9", "2"]
    store.put("changing.csv", CSV.replace("2", "3"))
    assert load(url, store.options)["x"].tolist() == ["1", "3"]


def test_a_file_fetched_in_parts_is_whole(store: Store) -> None:
    content = b"".join(i.to_bytes(4, "big") for i in range(5_000_000))
    url = store.put("large.bin", content)
    assert Path(local_file(url, store.options).path).read_bytes() == content


def test_a_damaged_copy_is_fetched_again(store: Store) -> None:
    url = store.put("whole.csv", CSV)
    Path(local_file(url, store.options).path).write_text("id")
    assert load(url, store.options).equals(FRAME)


def test_a_file_without_a_time_is_fetched_each_time(project: Path) -> None:
    path = project / "unstamped.csv"
    path.write_text(CSV)
    with http_files(project) as url:
        load(f"{url}/unstamped.csv")
        path.write_text(CSV.replace("1", "9"))
        assert load(f"{url}/unstamped.csv")["x"].tolist() == ["9", "2"]


def test_copies_unused_for_a_day_go_with_the_next_one(store: Store) -> None:
    url = store.put("often.csv", CSV)
    oldest = Path(local_file(url, store.options).path)
    store.put("often.csv", CSV + "c,3\n")
    recent = Path(local_file(url, store.options).path)
    ago = time.time() - 90_000
    for path in (oldest, oldest.parent):
        os.utime(path, (ago, ago))
    store.put("often.csv", CSV + "c,4\n")
    newest = Path(local_file(url, store.options).path)
    assert sorted(copies()) == sorted([recent, newest])


def test_a_download_that_breaks_off_leaves_nothing(project: Path) -> None:
    with (
        http_files(project) as url,
        pytest.raises(DatasetError, match="expected an answer from the server of"),
    ):
        load(f"{url}/cut.csv")
    assert copies() == []


def test_a_killed_download_is_not_taken_for_the_file(store: Store) -> None:
    url = store.put("killed.csv", CSV)
    program = (
        "import os, sys\n"
        "from churn_pipeline import progress\n"
        "progress.Bar.advance = lambda *_: os._exit(9)\n"
        "from churn_pipeline.io.remote import local_file\n"
        f"local_file({url!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | store.variables, check=False
    )
    assert done.returncode == 9
    (unfinished,) = copies()
    assert unfinished.name.endswith(".unfinished")
    assert load(url, store.options).equals(FRAME)


@pytest.mark.parametrize("name", ["none.csv", "folder/none.csv"])
def test_a_missing_key_says_so(store: Store, name: str) -> None:
    with pytest.raises(DatasetError, match=rf"at s3://company/{name}, got none.*corre"):
        load(f"s3://company/{name}", store.options)


def test_a_missing_bucket_says_so(store: Store) -> None:
    with pytest.raises(DatasetError, match=r"s3://nobody/a\.csv, got none.*NoSuchBuc"):
        load("s3://nobody/a.csv", store.options)


def test_a_folder_is_no_file(store: Store) -> None:
    store.put("some/a.csv", CSV)
    with pytest.raises(DatasetError, match="got a folder; name the file in it"):
        load("s3://company/some", store.options)


def test_no_credentials_say_where_to_put_them(store: Store) -> None:
    url = store.put("own.csv", CSV)
    options = {"client_kwargs": {"endpoint_url": store.url}}
    with pytest.raises(DatasetError, match=r"right to read s3.*NoCredent.*set `creden"):
        load(url, options)


def test_a_refusal_says_so(store: Store, project: Path) -> None:
    url = store.put("own.csv", CSV)
    options = {"anon": True, "client_kwargs": {"endpoint_url": store.url}}
    with pytest.raises(
        DatasetError, match=r"expected the right to read s3.*status 403"
    ):
        load(url, options)
    with (
        http_files(project) as served,
        pytest.raises(DatasetError, match=r"the right to read http.*status 403"),
    ):
        load(f"{served}/private.csv")


def test_a_server_that_does_not_answer_is_named(store: Store) -> None:
    options = store.options | {
        "client_kwargs": {"endpoint_url": "http://127.0.0.1:1"},
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    with pytest.raises(DatasetError, match=r"server of s3:.*got EndpointConnectionErr"):
        load("s3://company/a.csv", options)
    with pytest.raises(DatasetError, match=r"server of http:.*got ConnectionRefusedEr"):
        load("http://127.0.0.1:1/a.csv")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    known = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(known, "s3", raising=False)
    with pytest.raises(RawFileError, match=r"reads s3://.*pip install .*\[s3\]'"):
        local_file("s3://company/a.csv", {"key": "never seen before"})
    with pytest.raises(RawFileError, match=r"reads nix:// for nix://a/b\.csv, got no"):
        local_file("nix://a/b.csv")


def test_messages_and_logs_hold_no_secret(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hidden = ["clerk-7", SECRET, "s1gned", "pa55"]
    options = store.options | {"key": "clerk-7"}
    texts = []
    with http_files(Path.cwd()) as url:
        signed = url.replace("//", "//me:pa55@") + "/none.csv?X-Amz-Signature=s1gned"
        for address, credentials in [
            ("s3://company/none.csv", options),
            ("s3://nobody/none.csv", options),
            (signed, {}),
            (signed.replace("none", "private"), {}),
        ]:
            dataset = RawTable(
                filepath=address, connection=CONNECTION, credentials=credentials
            )
            with pytest.raises(DatasetError) as raised:
                dataset.load()
            texts += [str(raised.value), str(dataset), repr(dataset)]
    assert not [word for word in hidden for text in texts if word in text]
    assert not [word for word in hidden if word in caplog.text]


def test_a_catalog_entry_takes_credentials_and_fs_args(store: Store) -> None:
    entry = {
        "type": "churn_pipeline.io.raw.RawTable",
        "filepath": store.put("catalog.csv", CSV),
        "connection": CONNECTION,
        "credentials": "store",
        "fs_args": {"client_kwargs": {"endpoint_url": store.url}},
    }
    keys = {"store": {"key": "clerk", "secret": SECRET}}
    catalog = DataCatalog.from_config({"raw": entry}, keys)
    assert catalog.load("raw").count().to_pandas() == 2
    assert catalog.exists("raw")


def test_an_argument_given_twice_is_refused() -> None:
    with pytest.raises(DatasetError, match="got `key` in `credentials` and in `fs_arg"):
        load("s3://company/a.csv", {"key": "a"}, fs_args={"key": "b"})
