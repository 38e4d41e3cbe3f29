"""CSV files: every row of the input is in the output, and reads back the same."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cli_jobs import convert, read_csv

from edgewise.cli.errors import ColumnClashError, ColumnMissingError, InputFileError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "in.csv"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_answers_stand_beside_the_columns_as_they_were(file: Path, output: Path) -> None:
    file.write_text("id,text,note\n1,hello,a\n2,abc,b\n")
    summary, _ = convert(file, output)
    assert output.read_bytes() == (
        b"id,text,note,edgewise_length,edgewise_even,edgewise_error\n1,hello,a,5,false,\n2,abc,b,3,false,\n"
    )
    assert (summary.rows, summary.bad) == (2, 0)


def test_a_byte_order_mark_is_no_part_of_the_first_name(file: Path, output: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbftext,id\nab,1\n")
    convert(file, output)
    assert output.read_text().startswith("text,id,")


@pytest.mark.parametrize(
    "cell", ['say "hi"', "two\nlines", "two\r\nlines", "old\rmac", "a,b", " spaced ", "", "nul\0"]
)
def test_a_cell_reads_back_the_same(file: Path, output: Path, cell: str) -> None:
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([["id", "text"], ["1", cell], ["2", "after"]])
    convert(file, output)
    assert [(row["id"], row["text"]) for row in read_csv(output)] == [("1", cell), ("2", "after")]


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=8)] * 2),
        min_size=1,
        max_size=5,
    )
)
def test_any_cells_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    with (folder / "in.csv").open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([("text", "other"), *rows])
    summary, _ = convert(folder / "in.csv", folder / "out.csv")
    assert [(row["text"], row["other"]) for row in read_csv(folder / "out.csv")] == rows
    assert summary.bad == 0


def test_a_cell_of_a_megabyte_is_a_cell(file: Path, output: Path) -> None:
    limit = csv.field_size_limit()
    file.write_text(f"id,text\n1,{'x' * 2**20}\n")
    convert(file, output)
    assert "1048576" in output.read_text()
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("line", "cells", "reason"),
    [
        ("2", ("2", ""), "it has 1 cell, the header has 2"),
        ("2,b,c", ("2", "b"), "it has 3 cells, the header has 2; original: 2,b,c"),
        ('2,"b', ("", ""), 'a quote in this line never closes; original: 2,"b'),
    ],
)
def test_a_row_that_does_not_fit_is_carried(
    file: Path, output: Path, line: str, cells: tuple[str, str], reason: str
) -> None:
    file.write_text(f"id,text\n1,a\n{line}\n3,c\n4,d\n")
    summary, _ = convert(file, output)
    rows = read_csv(output)
    assert [row["id"] for row in rows] == ["1", cells[0], "3", "4"]
    assert (rows[1]["id"], rows[1]["text"]) == cells
    assert rows[1]["edgewise_error"] == reason
    assert rows[1]["edgewise_length"] == ""
    assert [row["edgewise_length"] for row in (rows[0], *rows[2:])] == ["1", "1", "1"]
    assert (summary.bad, summary.first_bad) == (1, (2, reason.partition(";")[0]))


def test_bytes_that_are_no_text_are_shown_and_can_be_told_apart(file: Path, output: Path) -> None:
    file.write_bytes(b"id,text\n1,caf\xe9 \\xe9\n2,fine\n")
    summary, _ = convert(file, output)
    first, second = read_csv(output)
    assert first["text"] == r"caf\xe9 \\xe9"
    assert first["edgewise_error"] == "it is not text in the file's encoding (byte 0xE9 at character 6)"
    assert second["edgewise_length"] == "4"
    assert summary.bad == 1


def test_another_encoding_can_be_named(file: Path, output: Path) -> None:
    file.write_bytes("text\ncafé\n".encode("cp1252"))
    convert(file, output, encoding="cp1252")
    assert read_csv(output)[0]["text"] == "café"


def test_utf_16_is_recognised_and_the_remedy_named(file: Path, output: Path) -> None:
    file.write_text("text\ncafé\n", encoding="utf-16")
    with pytest.raises(InputFileError, match="--encoding utf-16"):
        convert(file, output)
    convert(file, output, encoding="utf-16")
    assert read_csv(output)[0]["text"] == "café"


def test_a_file_that_is_not_in_its_encoding_at_all_is_refused(file: Path, output: Path) -> None:
    file.write_bytes("text\nab\n".encode("utf-16") + b"a")
    with pytest.raises(InputFileError, match="encoding"):
        convert(file, output, encoding="utf-16")


def test_blank_lines_are_no_rows_but_empty_cells_of_a_single_column_are(file: Path, output: Path) -> None:
    file.write_text("id,text\n\n1,a\n\n")
    assert convert(file, output)[0].rows == 1
    output.unlink()
    file.write_text("text\n\na\n")
    convert(file, output)
    assert [row["edgewise_length"] for row in read_csv(output)] == ["0", "1"]


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_delimiter_is_guessed_only_when_asked(file: Path, output: Path, sign: str) -> None:
    file.write_text(f"id{sign}text\n1{sign}a, b\n")
    with pytest.raises(ColumnMissingError):
        convert(file, output)
    convert(file, output, delimiter="auto")
    assert read_csv(output, sign)[0]["text"] == "a, b"


def test_tsv_is_csv_with_tabs(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("id\ttext\n1\ta,b\n")
    convert(tmp_path / "in.tsv", tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text().splitlines()[1].split("\t")[:3] == ["1", "a,b", "3"]


def test_gzip_is_told_by_the_name_and_is_the_same_at_every_run(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "in.csv.gz", "wt") as opened:
        opened.write("text\nab\n")
    made = []
    for name in ("a.csv.gz", "b.csv.gz"):
        convert(tmp_path / "in.csv.gz", tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert next(csv.DictReader(io.StringIO(gzip.decompress(made[0]).decode())))["edgewise_length"] == "2"


def test_a_cut_gzip_is_refused_before_any_work(tmp_path: Path) -> None:
    whole = gzip.compress(b"text\n" + b"abc\n" * 10_000)
    (tmp_path / "in.csv.gz").write_bytes(whole[:-20])
    with pytest.raises(InputFileError, match="gzip"):
        convert(tmp_path / "in.csv.gz", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv.gz"]


def test_a_column_that_is_not_there_is_refused_with_those_that_are(file: Path, output: Path) -> None:
    file.write_text("id,comment\n1,a\n")
    with pytest.raises(ColumnMissingError, match="'id', 'comment'") as caught:
        convert(file, output)
    assert isinstance(caught.value, KeyError)
    assert not str(caught.value).startswith(("'", '"'))


def test_a_column_of_a_new_name_is_refused(file: Path, output: Path) -> None:
    file.write_text("text,edgewise_even\na,b\n")
    with pytest.raises(ColumnClashError, match="edgewise_even"):
        convert(file, output)


def test_a_name_twice_is_kept_in_csv_and_refused_where_it_cannot_be(
    file: Path, output: Path, tmp_path: Path
) -> None:
    file.write_text("x,x,text\n1,2,a\n")
    convert(file, output)
    assert output.read_text().splitlines()[1].startswith("1,2,a,")
    with pytest.raises(ColumnClashError, match="'x', each more than once"):
        convert(file, tmp_path / "out.jsonl")
    with pytest.raises(ColumnClashError):
        convert(file, tmp_path / "out2.csv", column="x")


def test_an_empty_file_has_no_header(file: Path, output: Path) -> None:
    file.write_text("")
    with pytest.raises(InputFileError, match="header"):
        convert(file, output)


def test_a_header_alone_gives_a_header(file: Path, output: Path) -> None:
    file.write_text("text\n")
    assert convert(file, output)[0].rows == 0
    assert output.read_text() == "text,edgewise_length,edgewise_even,edgewise_error\n"
