"""JSONL files: good lines are carried byte for byte, bad ones with the reason."""

import json
from pathlib import Path

import pytest
from tests.support.cli_jobs import convert, read_csv, read_jsonl

from edgewise.cli.errors import ColumnClashError, ColumnMissingError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "in.jsonl"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def test_a_good_line_is_carried_byte_for_byte(file: Path, output: Path) -> None:
    line = '{"id": 1.10, "id": 12345678901234567890123,  "text": "a\\u00e9", "deep": {"x": [1e5]}}'
    file.write_text(line + "\n")
    convert(file, output)
    added = '"edgewise_length": 2, "edgewise_even": true, "edgewise_error": null}'
    assert output.read_text() == f"{line[:-1]}, {added}\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "a"', "it is not JSON (Expecting ',' delimiter at character 13)"),
        ('["a"]', "it is a list, not an object"),
        ('"a"', "it is a bare text, not an object"),
        ("null", "it is null, not an object"),
        ("1" * 5000, "it is not JSON that can be read"),
        ("[" * 100_000, "it is not JSON that can be read"),
    ],
)
def test_a_line_that_is_no_object_is_carried_with_its_content(
    file: Path, output: Path, line: str, reason: str
) -> None:
    file.write_text('{"text": "a"}\n' + line + '\n{"text": "b"}\n')
    summary, _ = convert(file, output)
    first, bad, last = read_jsonl(output)
    assert (first["edgewise_length"], last["edgewise_length"]) == (1, 1)
    assert bad["edgewise_error"].startswith(reason)
    assert bad["edgewise_error"].endswith("; original: " + line)
    assert bad["edgewise_length"] is None
    assert summary.bad == 1


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("42", "its 'text' is a number, not a text"),
        ("NaN", "its 'text' is a number, not a text"),
        ("true", "its 'text' is a truth value, not a text"),
        ("null", "its 'text' is null, not a text"),
        ('["a"]', "its 'text' is a list, not a text"),
        ("{}", "its 'text' is an object, not a text"),
    ],
)
def test_a_value_that_is_no_text_is_carried(file: Path, output: Path, cell: str, reason: str) -> None:
    line = f'{{"text": {cell}, "id": 7}}'
    file.write_text(f'{{"text": "a"}}\n{line}\n')
    convert(file, output)
    carried = output.read_text().splitlines()[1]
    assert carried.startswith(line[:-1])
    assert json.loads(carried)["edgewise_error"] == reason


def test_an_object_without_the_key_is_carried(file: Path, output: Path) -> None:
    file.write_text('{"id": 1}\n{}\n{"text": "a"}\n')
    convert(file, output)
    assert [row["edgewise_error"] for row in read_jsonl(output)] == ["it has no 'text'"] * 2 + [None]
    assert read_jsonl(output)[0]["id"] == 1


def test_bytes_that_are_no_text_are_carried(file: Path, output: Path) -> None:
    file.write_bytes(b'{"text": "caf\xe9"}\n{"text": "a"}\n')
    convert(file, output)
    bad, good = read_jsonl(output)
    assert bad["edgewise_error"] == (
        "it is not text in the file's encoding (byte 0xE9 at character 14); "
        r'original: {"text": "caf\xe9"}'
    )
    assert good["edgewise_length"] == 1


def test_a_key_that_no_object_has_is_refused(file: Path, output: Path) -> None:
    file.write_text('{"comment": "a"}\n')
    with pytest.raises(ColumnMissingError, match="'comment'"):
        convert(file, output)


def test_a_key_of_a_new_name_is_refused_wherever_it_stands(file: Path, output: Path) -> None:
    file.write_text('{"text": "a"}\n{"text": "a", "edgewise_error": 1}\n')
    with pytest.raises(ColumnClashError, match="edgewise_error"):
        convert(file, output)


def test_lone_surrogates_and_nul_are_data(file: Path, output: Path, tmp_path: Path) -> None:
    file.write_text(r'{"text": "a\ud800b\u0000"}' + "\n")
    convert(file, output)
    assert read_jsonl(output)[0]["text"] == "a\ud800b\0"
    convert(file, tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv")[0]["text"] == "a\\ud800b\0"


def test_only_a_line_feed_ends_a_line(file: Path, output: Path) -> None:
    file.write_bytes('{"text": "a\u2028b"}\r\n\n  \n{"text":\r"c"}'.encode())
    assert convert(file, output)[0].rows == 2
    assert [row["text"] for row in read_jsonl(output)] == ["a\u2028b", "c"]


def test_an_empty_file_gives_an_empty_file(file: Path, output: Path) -> None:
    file.write_text("")
    assert convert(file, output)[0].rows == 0
    assert output.read_bytes() == b""


def test_columns_of_a_table_are_all_keys_in_order_of_appearance(file: Path, tmp_path: Path) -> None:
    rows = [
        {"text": "a", "n": 1},
        {"more": {"x": [True]}, "text": "b"},
        {"text": "c", "n": None, "flag": False},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    convert(file, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].startswith("text,n,more,flag,edgewise_length")
    assert [line.rsplit(",", 3)[0] for line in lines[1:]] == ["a,1,,", 'b,,"{""x"": [true]}",', "c,,,false"]
