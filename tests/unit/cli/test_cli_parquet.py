"""Parquet files, from and to the other formats."""

import datetime
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.cli_jobs import convert, read_csv, read_jsonl

from edgewise.cli.errors import ColumnMissingError, ColumnTypeError, InputFileError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "in.parquet"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.parquet"


def rich_table() -> pa.Table:
    moment = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
    return pa.table(
        {
            "text": pa.array(["abc", None, "é"]),
            "when": pa.array([1_700_000_000_123_456_789, None, 0], pa.timestamp("ns", "UTC")),
            "money": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("2.00")], pa.decimal128(9, 2)),
            "lang": pa.array(["en", "de", None]).dictionary_encode(),
            "tags": pa.array([["a"], [], None]),
            "small": pa.array([1, 2, None], pa.uint8()),
            "blob": pa.array([b"\xff", b"", None]),
            "at": pa.array([moment, None, moment], pa.timestamp("us", "UTC")),
        }
    ).replace_schema_metadata({"made by": "us"})


def test_parquet_keeps_every_type_and_value(file: Path, output: Path) -> None:
    table = rich_table()
    pq.write_table(table, file)
    summary, _ = convert(file, output)
    made = pq.read_table(output)
    assert made.select(table.column_names).equals(table)
    assert made.schema.metadata[b"made by"] == b"us"
    assert made["edgewise_length"].to_pylist() == [3, None, 1]
    assert made["edgewise_error"].to_pylist() == [None, "its text is missing (null)", None]
    assert made.schema.field("edgewise_length").type == pa.int64()
    assert summary.bad == 1


def test_parquet_to_jsonl_and_csv_keeps_what_they_can_say(file: Path, tmp_path: Path) -> None:
    pq.write_table(rich_table(), file)
    convert(file, tmp_path / "out.jsonl")
    first, second, third = read_jsonl(tmp_path / "out.jsonl")
    assert first["when"] == "2023-11-14 22:13:20.123456789Z"
    assert (first["money"], first["lang"], first["tags"], first["small"], first["blob"]) == (
        "1.10",
        "en",
        ["a"],
        1,
        "/w==",
    )
    assert second["text"] is None
    assert third["text"] == "é"
    convert(file, tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv")[0]["tags"] == '["a"]'


def test_jsonl_to_parquet_finds_the_types(tmp_path: Path, output: Path) -> None:
    rows = [
        {"text": "a", "n": 1, "x": 1, "flag": True, "mixed": 1, "large": 2**60},
        {"text": "b", "n": None, "x": 0.5, "mixed": "one", "large": 1, "huge": 2**70},
        {"text": 3},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    convert(tmp_path / "in.jsonl", output)
    made = pq.read_table(output)
    assert made["n"].to_pylist() == [1, None, None, None]
    assert made["x"].to_pylist() == [1.0, 0.5, None, None]
    assert made["flag"].to_pylist() == [True, None, None, None]
    assert made["mixed"].to_pylist() == ["1", "one", None, None]
    assert made["large"].to_pylist() == [2**60, 1, None, None]
    assert made["huge"].to_pylist() == [None, str(2**70), None, None]
    assert made["text"].to_pylist() == ["a", "b", "3", None]
    assert made["edgewise_error"].to_pylist()[3].endswith("; original: broken")


def test_csv_to_parquet_is_text(tmp_path: Path, output: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"id,text\n1,a\n2,caf\xe9\n3\n")
    convert(tmp_path / "in.csv", output)
    made = pq.read_table(output)
    assert made["id"].to_pylist() == ["1", "2", "3"]
    assert made["text"].to_pylist() == ["a", r"caf\xe9", ""]
    assert made["edgewise_length"].to_pylist() == [1, None, None]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_every_kind_of_text_column_is_text(file: Path, output: Path, kind: pa.DataType) -> None:
    pq.write_table(pa.table({"text": pa.array(["abc", None]).cast(kind)}), file)
    convert(file, output)
    assert pq.read_table(output)["edgewise_length"].to_pylist() == [3, None]


@pytest.mark.parametrize("values", [[1, 2], [b"a"], [["a"]]])
def test_a_column_of_something_else_is_refused(file: Path, output: Path, values: list) -> None:
    pq.write_table(pa.table({"text": values}), file)
    with pytest.raises(ColumnTypeError, match="not texts"):
        convert(file, output)


def test_a_column_that_is_not_there_is_refused(file: Path, output: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), file)
    with pytest.raises(ColumnMissingError, match="'id'"):
        convert(file, output)


@pytest.mark.parametrize("content", [b"", b"PAR1 no it is not PAR1", b"text\na\n"])
def test_what_is_no_parquet_is_refused(file: Path, output: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(InputFileError, match="Parquet"):
        convert(file, output)


def test_bytes_that_are_no_text_in_a_text_column_are_carried(
    file: Path, output: Path, tmp_path: Path
) -> None:
    bad = pa.array([b"fine", b"caf\xe9"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": bad}), file)
    convert(file, output)
    assert pq.read_table(output, columns=["edgewise_length"]).to_pydict() == {"edgewise_length": [4, None]}
    convert(file, tmp_path / "out.jsonl")
    assert read_jsonl(tmp_path / "out.jsonl")[1]["text"] == r"caf\xe9"


def test_many_row_groups_keep_their_order(file: Path, output: Path) -> None:
    texts = ["x" * (number % 7) for number in range(20_000)]
    pq.write_table(pa.table({"text": texts}), file, row_group_size=3000)
    convert(file, output, chunk=512)
    assert pq.read_table(output)["edgewise_length"].to_pylist() == [len(text) for text in texts]
