"""Whatever bytes a file holds: no crash, no row lost, and every row is either answered or says why not."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.cli_jobs import convert, read_csv, read_jsonl

from edgewise.cli.errors import ColumnClashError, ColumnMissingError, InputFileError

PIECES = st.sampled_from(
    [
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\r\n",
        b"a",
        b"\xff",
        b"\xc3\xa9",
        b"\0",
        b"\\",
        b" ",
        b"text",
        b'""',
        b"\xed\xa0\x80",
    ]
)
JSON_PIECES = st.sampled_from(
    [
        b'{"text": "',
        b'"}',
        b"\n",
        b"{",
        b"}",
        b"\r",
        b"\xff",
        b'{"text": 1}',
        b'{"a": "b"}',
        b"null",
        b" ",
        b"\\ud800",
    ]
)


def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes")


@given(st.lists(PIECES, max_size=30).map(b"".join))
@example(b'"\n"\n"')
@example(b'a,"b\nc,d\n\n"e')
def test_csv(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    here = folder(tmp_path_factory)
    (here / "in.csv").write_bytes(b"id,text\n" + body)
    summary, _ = convert(here / "in.csv", here / "out.csv")
    rows = read_csv(here / "out.csv")
    assert len(rows) == summary.rows
    assert sum(bool(row["edgewise_error"]) for row in rows) == summary.bad
    for row in rows:
        assert bool(row["edgewise_error"]) != bool(row["edgewise_length"])
    # Every letter of the input is somewhere in the output.
    kept = "".join(value for row in rows for value in row.values() if value)
    assert kept.count("a") >= body.count(b"a")


@given(st.lists(JSON_PIECES, max_size=20).map(b"".join))
def test_jsonl(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    here = folder(tmp_path_factory)
    (here / "in.jsonl").write_bytes(b'{"text": "first"}\n' + body)
    summary, _ = convert(here / "in.jsonl", here / "out.jsonl")
    rows = read_jsonl(here / "out.jsonl")
    lines = [line for line in body.split(b"\n") if line.strip(b" \t\r")]
    assert len(rows) == summary.rows == len(lines) + 1
    for row in rows:
        assert (row["edgewise_error"] is None) != (row["edgewise_length"] is None)


@given(st.binary(max_size=60))
def test_any_bytes_at_all_are_a_table_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    here = folder(tmp_path_factory)
    for name in ("in.csv", "in.jsonl", "in.parquet", "in.csv.gz"):
        (here / name).write_bytes(content)
        try:
            summary, _ = convert(here / name, here / f"{name}.out.jsonl")
        except (ColumnClashError, ColumnMissingError, InputFileError):
            continue
        assert len(read_jsonl(here / f"{name}.out.jsonl")) == summary.rows
