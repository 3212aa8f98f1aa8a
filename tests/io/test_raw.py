"""Raw files are read as they are; what cannot be read says why and what to do."""

import io
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from churn_pipeline.io import text_rows
from churn_pipeline.io.raw import AbsentTable, RawTable
from churn_pipeline.io.textfile import Dialect

CONNECTION = {"backend": "duckdb", "memory_limit": "500MB"}


def load(path: Path, **options: str) -> pd.DataFrame:
    table = RawTable(filepath=str(path), connection=CONNECTION, **options).load()
    return table.order_by("_row").to_pandas()


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_cells_stay_the_text_they_are(tmp_path: Path) -> None:
    rows = load(write(tmp_path / "a.csv", "id,x\n007, 1.50\n8,\n"))
    assert rows["id"].tolist() == ["007", "8"]
    assert rows["x"].tolist() == [" 1.50", ""]
    assert rows["_row"].tolist() == [1, 2]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(tmp_path: Path, separator: str) -> None:
    text = "id,x,y\n1,2,3\n4,5,6\n".replace(",", separator)
    assert load(write(tmp_path / "a.csv", text))["y"].tolist() == ["3", "6"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_quotes_line_ends_and_byte_order_marks_are_no_content(
    tmp_path: Path, mark: bytes
) -> None:
    content = mark + b'id,note\r\n1,"a, ""b""\r\nc"\r\n2,d\r\n'
    rows = load(write(tmp_path / "a.csv", content))
    assert rows["note"].tolist() == ['a, "b"\r\nc', "d"]
    assert rows["id"].tolist() == ["1", "2"]


def test_latin_1_is_read_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = "id;name\n1;Müller\n2;José\n3;Ångström\n".encode("latin-1")
    rows = load(write(tmp_path / "a.csv", content))
    assert rows["name"].tolist() == ["Müller", "José", "Ångström"]
    assert "is not UTF-8; read as cp1252" in caplog.text
    assert "set `encoding:`" in caplog.text


TOWNS = {
    "cp1250": ("województwo", ["Łódzkie", "Śląskie", "Świętokrzyskie"]),
    "cp1251": ("город", ["Москва", "Казань", "Санкт-Петербург"]),
    "cp1252": ("Straße", ["München", "Köln €", "Düsseldorf"]),
    "cp1254": ("Şehir", ["İstanbul", "Diyarbakır", "Şanlıurfa"]),  # noqa: RUF001
    "cp932": ("都道府県", ["東京都", "大阪府", "神奈川県"]),
    "gb18030": ("城市", ["北京市", "上海市", "广州市"]),
}


@pytest.mark.parametrize("encoding", TOWNS)
def test_the_encoding_of_a_country_is_found_out(tmp_path: Path, encoding: str) -> None:
    name, towns = TOWNS[encoding]
    rows = [f"{i};{towns[i % 3]};{i * 3.5}" for i in range(300)]
    plain = [f"{i};plain;0" for i in range(9000)]
    content = "\n".join([f"id;{name};x", *plain, *rows]) + "\n"
    found = load(write(tmp_path / "a.csv", content.encode(encoding)))
    assert found[name].tolist()[-3:] == [towns[i % 3] for i in (297, 298, 299)]


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,x\n1,Ж\n".encode("cp1251"))
    assert load(path, encoding="cp1251")["x"].tolist() == ["Ж"]


def test_a_wrong_declared_encoding_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,x\n1,é\n".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"expected text in utf-8 in .*correct `enc"):
        load(path, encoding="utf-8")


def test_rows_of_another_width_are_kept_with_their_number(tmp_path: Path) -> None:
    rows = load(write(tmp_path / "a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n"))
    assert rows["_row"].tolist() == [1, 2, 3, 4]
    assert rows["_malformed"].tolist() == [
        None,
        "1 cells instead of 2: 3",
        "3 cells instead of 2: 4,5,6",
        None,
    ]
    assert rows["b"].tolist() == ["2", None, None, "8"]


def test_lines_of_another_width_are_handed_over_block_by_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_rows, "_BLOCK_BYTES", 1000)
    lines = "".join(f"{i},2,3\n" if i % 5 else f"{i},2\n" for i in range(1, 2001))
    file = io.BytesIO(("a,b\n" + lines).encode())
    dialect = Dialect("utf-8", ",", ("a", "b"), ("a", "b"))
    found = [batch.to_pandas() for batch in text_rows.text_rows(file, dialect)]
    lost = [int(batch["_malformed"].notna().sum()) for batch in found]
    assert max(lost) < 300
    assert sum(lost) == 1600
    rows = pd.concat(found).sort_values("_row")
    assert rows["_row"].tolist() == list(range(1, 2001))
    assert rows["a"].dropna().tolist() == [str(i) for i in range(5, 2001, 5)]


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected a file at .*none\.csv, got none"):
        load(tmp_path / "none.csv")
    with pytest.raises(DatasetError, match="folder that CHURN_DATA_DIR names"):
        load(tmp_path / "none.csv")


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(DatasetError, match="got an empty file; export it again"):
        load(write(tmp_path / "a.csv", content))


def test_a_header_without_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"got a header only \(2 columns\)"):
        load(write(tmp_path / "a.csv", "a,b\n"))


def test_a_wrong_separator_names_the_right_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a;b\n1;2\n")
    with pytest.raises(
        DatasetError, match=r"got one column `a;b`.*semicolon; set `sep"
    ):
        load(path, separator=",")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", "{}")
    with pytest.raises(DatasetError, match="expected a CSV, TSV, Parquet or Excel"):
        load(path)


def test_parquet_keeps_its_types_and_rows_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"x": [1.5, None]}).to_parquet(path)
    rows = load(path)
    assert rows["x"].tolist()[0] == 1.5
    assert rows["_row"].tolist() == [1, 2]


def test_excel_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    pd.DataFrame({"id": [1, 2], "x": ["Ü", None]}).to_excel(path, index=False)
    rows = load(path)
    assert rows["id"].tolist() == ["1", "2"]
    assert rows["x"].tolist() == ["Ü", ""]


def test_headers_without_a_name_or_twice_get_one(tmp_path: Path) -> None:
    rows = load(write(tmp_path / "a.csv", ",x,X\n0,1,2\n"))
    assert rows.columns[:3].tolist() == ["column_1", "x", "X_2"]


def test_raw_files_are_never_written(tmp_path: Path) -> None:
    dataset = RawTable(filepath=str(tmp_path / "a.csv"), connection=CONNECTION)
    with pytest.raises(DatasetError, match="raw files are read only"):
        dataset.save(pd.DataFrame({"x": [1]}))  # type: ignore[arg-type]


def test_an_absent_table_is_none() -> None:
    assert AbsentTable().load() is None


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("Report 2024\n\nid,x\n1,2\n3,4\n5,6\n7,8\n", "got 1: `Report 2024`"),
        ("sep=;\nid;x;y\n1;2;3\n3;4;5\n5;6;7\n", "got 2: `sep=`, ``"),
        ("x,y\n1,2,3\n2,4,5\n3,6,7\n4,8,9\n", "got 2: `x`, `y`"),
    ],
)
def test_a_first_line_that_is_no_header_is_told(
    tmp_path: Path, text: str, got: str
) -> None:
    with pytest.raises(DatasetError, match="names in the first line") as raised:
        load(write(tmp_path / "a.csv", text))
    assert got in str(raised.value)
    assert "delete the lines above the header, or name each column" in str(raised.value)


def test_decimal_commas_in_every_row_are_no_other_header(tmp_path: Path) -> None:
    text = "id;x;y\n" + "a;1,5;2,5\n" * 9
    assert load(write(tmp_path / "a.csv", text))["y"].tolist() == ["2,5"] * 9


def test_one_column_alone_is_a_table(tmp_path: Path) -> None:
    assert load(write(tmp_path / "a.csv", "id\n1\n2\n3\n"))["id"].tolist()[2] == "3"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", "id,x\n1,abc\n2,def\n".encode(encoding))
    assert load(path)["x"].tolist() == ["abc", "def"]


def test_a_nul_byte_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"id,x\n1,a\0c\n2,d\n")
    with pytest.raises(DatasetError, match=r"got a NUL byte in .*a.x00c.*export it"):
        load(path)
