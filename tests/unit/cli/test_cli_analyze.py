"""`edgewise analyze` in its three shapes: texts, lines, files."""

import json
from pathlib import Path

import pytest
from tests.support.cli_jobs import read_csv, read_jsonl
from tests.unit.cli.conftest import Run

from edgewise import Analyzer


def test_a_text_is_answered_for_people(analyze: Run) -> None:
    done = analyze("You are great")
    assert done.exit_code == 0
    assert done.stderr == ""
    words = [line.split() for line in done.stdout.splitlines()]
    assert ["sentiment", "positive"] in [line[:2] for line in words]
    assert ["toxicity", "non-toxic"] in [line[:2] for line in words]
    assert "You are great" not in done.stdout


def test_several_texts_get_a_block_each_with_the_text_above(analyze: Run) -> None:
    done = analyze("great day", "you idiot")
    blocks = done.stdout.strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["“great day”", "“you idiot”"]
    assert "toxic 0." in blocks[1]


def test_json_is_the_result_of_the_library(analyze: Run, tiny: Path) -> None:
    done = analyze("great day", "you idiot", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    with Analyzer(tiny) as analyzer:
        for line, text in zip(lines, ["great day", "you idiot"], strict=True):
            expected = analyzer.analyze(text).to_dict()
            assert {**line, "latency_ms": 0} == {**expected, "latency_ms": 0}


def test_tasks_languages_thresholds_and_spans(analyze: Run) -> None:
    options = ["--json", "--tasks", "toxicity,sentiment", "--explain", "--languages", "en"]
    done = analyze(
        "you damn", *options, "--threshold", "toxicity=0.99", "--threshold", "sentiment.negative=0.999"
    )
    (answer,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert answer["emotion"] is None
    assert answer["toxicity"]["label"] == "non-toxic"
    assert answer["toxicity"]["threshold"] == 0.99
    assert answer["sentiment"]["unsure"]
    assert "damn" in {span["text"] for span in answer["spans"]}
    assert answer["language"]["label"] == "en"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--tasks", "mood"], "no task 'mood'"),
        (["--threshold", "mood=0.5"], "no task 'mood'"),
        (["--threshold", "toxicity.mood=0.5"], "no label 'mood'"),
        (["--threshold", "toxicity=7"], "from 0 to 1"),
        (["--threshold", "toxicity"], "TASK=NUMBER"),
        (["--threshold", "=0.4"], "TASK=NUMBER"),
        (["--threshold", "toxicity=0.4", "--threshold", "toxicity.insult=0.4"], "whole task and for a label"),
        (["--backend", "abacus"], "no backend named 'abacus'"),
        (["--toxic-share", "0"], "--toxic-share"),
        (["--toxic-share", "nan"], "above 0 and below 1"),
        (["--threads", "0"], "--threads"),
        (["--encoding", "klingon"], "no encoding 'klingon'"),
        (["--encoding", "base64"], "no encoding 'base64'"),
        (["--delimiter", "::"], "one character"),
        (["--output", "x.csv"], "--output needs --file"),
    ],
)
def test_an_option_that_makes_no_sense_is_an_error_not_a_bad_text(
    analyze: Run, options: list[str], reason: str
) -> None:
    done = analyze("hello", *options)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_model_that_is_not_there_is_an_error(edgewise: Run) -> None:
    done = edgewise("analyze", "--model", "nowhere", "hello")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: There is no bundle 'nowhere'")


def test_lines_are_answered_one_by_one_and_a_bad_one_in_its_place(analyze: Run) -> None:
    done = analyze("--json", stdin=b"\xef\xbb\xbfgreat day\r\ncaf\xe9\n\nbad\0")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("sentiment", {}).get("label") for line in lines] == [
        "positive",
        None,
        "neutral",
        "negative",
    ]
    assert lines[1] == {
        "error": "Line 2 cannot be analysed: it is not UTF-8 (byte 0xE9 at character 4).",
        "line": 2,
        "original": r"caf\xe9",
    }
    assert "1 of 4 texts" in done.stderr
    assert done.exit_code == 0


def test_lines_for_people_show_the_bad_one_in_its_place(analyze: Run) -> None:
    done = analyze(stdin=b"great\ncaf\xe9\n")
    good, bad = done.stdout.strip().split("\n\n")
    assert "positive" in good
    assert "not UTF-8" in bad


def test_stop_stops_at_the_bad_line(analyze: Run) -> None:
    done = analyze("--json", "--on-bad-row", "stop", stdin=b"great\ncaf\xe9\ngood\n")
    assert done.exit_code == 2
    assert len(done.stdout.splitlines()) == 1
    assert "Error: Line 2" in done.stderr


def test_when_every_line_is_bad_the_exit_code_says_so(analyze: Run) -> None:
    assert analyze(stdin=b"\xff\n\xfe\n").exit_code == 1


def test_no_lines_are_no_error(analyze: Run) -> None:
    done = analyze(stdin=b"")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("text", ["", "   ", "🙂", "a\0b", "\u202eabc", "a\u0301" * 1000, "<b>hi</b>"])
def test_odd_texts_are_texts(analyze: Run, text: str) -> None:
    done = analyze(text, "good")
    assert done.exit_code == 0
    assert len(done.stdout.strip().split("\n\n")) == 2


def test_a_text_cannot_steer_the_terminal(analyze: Run) -> None:
    done = analyze("\x1b[2J\u202egreat\x07", "good")
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert r"\x1b[2J\u202egreat\x07" in done.stdout


@pytest.mark.parametrize("out", ["csv", "tsv", "jsonl", "ndjson", "parquet", "csv.gz", "jsonl.gz"])
@pytest.mark.parametrize("into", ["csv", "jsonl", "parquet"])
def test_any_format_becomes_any_other(analyze: Run, tmp_path: Path, into: str, out: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file, output = tmp_path / f"in.{into}", tmp_path / f"out.{out}"
    texts = ["great day", 'you idiot,\n"kill"', "é🙂", ""]
    rows = [{"id": f"n{number}", "comment": text} for number, text in enumerate(texts)]
    if into == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif into == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import csv

        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, ["id", "comment"])
            writer.writeheader()
            writer.writerows(rows)
    done = analyze("--file", file, "--output", output, "--column", "comment")
    assert done.exit_code == 0, done.stderr
    if out == "parquet":
        made = pq.read_table(output).to_pylist()
    elif "jsonl" in out or out == "ndjson":
        made = read_jsonl(unpacked(output))
    else:
        made = read_csv(unpacked(output), "\t" if out == "tsv" else ",")
    assert [(row["id"], row["comment"]) for row in made] == [(row["id"], row["comment"]) for row in rows]
    assert [row["edgewise_sentiment"] for row in made] == ["positive", "negative", "neutral", "neutral"]
    assert [row["edgewise_toxicity"] for row in made] == ["non-toxic", "toxic", "non-toxic", "non-toxic"]
    assert all(row["edgewise_error"] in (None, "") for row in made)


def unpacked(path: Path) -> Path:
    import gzip

    if path.suffix != ".gz":
        return path
    plain = path.with_suffix("")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


def test_the_new_columns_are_these_in_this_order(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\ngood\n")
    analyze("--file", tmp_path / "in.csv", "--output", tmp_path / "out.csv")
    attributes = ["severe_toxicity", "identity_attack", "insult", "profanity", "threat", "sexually_explicit"]
    names = ["language", "language_score", "sentiment", "sentiment_score", "toxicity", "toxicity_score"]
    names += [f"{name}_score" for name in attributes] + [
        "emotion",
        "emotion_score",
        "unsure",
        "truncated",
        "error",
    ]
    header = (tmp_path / "out.csv").read_text().splitlines()[0]
    assert header.split(",") == ["text", *(f"edgewise_{name}" for name in names)]


def test_a_file_gives_the_answers_of_the_library(analyze: Run, tmp_path: Path, tiny: Path) -> None:
    texts = ["great day", "you idiot", "wow so sad", "unknown words only"] * 30
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    done = analyze("--file", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl", "--batch-size", "7")
    assert done.exit_code == 0
    with Analyzer(tiny) as analyzer:
        for row in read_jsonl(tmp_path / "out.jsonl"):
            expected = analyzer.analyze(row["text"])
            assert expected.emotion is not None
            assert row["edgewise_emotion"] == expected.emotion.label
            assert row["edgewise_emotion_score"] == pytest.approx(expected.emotion.score, abs=1e-5)
            assert row["edgewise_unsure"] == expected.unsure


def test_explained_rows_have_their_spans(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\nyou idiot\n")
    analyze(
        "--file", tmp_path / "in.csv", "--output", tmp_path / "out.jsonl", "--explain", "--tasks", "toxicity"
    )
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert [span["text"] for span in row["edgewise_spans"]] == ["idiot"]
    analyze(
        "--file", tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--explain", "--tasks", "toxicity"
    )
    assert json.loads(read_csv(tmp_path / "out.csv")[0]["edgewise_spans"]) == row["edgewise_spans"]


def test_bad_rows_are_counted_on_stderr(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "good"}\n{"text": 3}\noops\n')
    done = analyze("--file", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")
    assert done.exit_code == 0
    assert "3 rows" in done.stderr
    assert "2 of them could not be analysed" in done.stderr
    assert "row 2: its 'text' is a number" in done.stderr


def test_when_every_row_is_bad_the_file_is_written_and_the_exit_code_says_so(
    analyze: Run, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text("oops\n[]\n")
    done = analyze("--file", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")
    assert done.exit_code == 1
    assert len(read_jsonl(tmp_path / "out.jsonl")) == 2


def test_an_empty_table_is_no_error(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n")
    assert analyze("--file", tmp_path / "in.csv", "--output", tmp_path / "out.jsonl").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--file", "in.csv"], "--file needs --output"),
        (["hello", "--file", "in.csv", "--output", "o.csv"], "not both"),
        (["--file", "gone.csv", "--output", "o.csv"], "gone.csv cannot be read: No such file"),
        (["--file", ".", "--output", "o.csv", "--format", "csv"], "it is a folder"),
        (["--file", "/dev/null", "--output", "o.csv", "--format", "csv"], "no plain file"),
        (["--file", "in.csv", "--output", "in.csv", "--overwrite"], "it is the input"),
        (["--file", "in.csv", "--output", "there.csv"], "--overwrite"),
        (["--file", "in.csv", "--output", "folder"], "--format"),
        (["--file", "in.csv", "--output", "folder", "--format", "csv"], "it is a folder"),
        (["--file", "in.csv", "--output", "no/o.csv"], "there is no folder no"),
        (["--file", "in.csv", "--output", "o.xlsx"], "--format with one of 'csv', 'jsonl', 'parquet'"),
        (["--file", "in.csv", "--output", "o.parquet.gz"], "no .parquet.gz"),
        (["--file", "in.csv", "--output", "o.csv", "--column", "comment"], "no column 'comment'"),
    ],
)
def test_what_is_wrong_with_files_is_one_line_and_writes_nothing(
    analyze: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("text\ngood\n")
    Path("there.csv").write_text("precious")
    Path("folder").mkdir()
    done = analyze(*arguments)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.output
    assert Path("there.csv").read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "there.csv", "folder"}


def test_a_format_is_taken_where_the_name_does_not_say(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.data").write_text("text\ngood\n")
    done = analyze("--file", tmp_path / "in.data", "--output", tmp_path / "out.jsonl", "--format", "csv")
    assert done.exit_code == 0
    assert read_jsonl(tmp_path / "out.jsonl")[0]["edgewise_sentiment"] == "positive"


def test_progress_is_silent_off_a_terminal_unless_wanted(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\ngood\nbad\n")
    silent = analyze("--file", tmp_path / "in.csv", "--output", tmp_path / "a.csv")
    assert len(silent.stderr.splitlines()) == 1
    told = analyze("--file", tmp_path / "in.csv", "--output", tmp_path / "b.csv", "--progress")
    assert "2 of 2 rows (100%)" in told.stderr


def test_a_link_as_output_stays_a_link(analyze: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\ngood\n")
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "out.csv")
    assert analyze("--file", tmp_path / "in.csv", "--output", tmp_path / "link.csv").exit_code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert len(read_csv(tmp_path / "real" / "out.csv")) == 1


def test_without_pyarrow_the_extra_is_named(
    analyze: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "in.csv").write_text("text\ngood\n")
    done = analyze("--file", tmp_path / "in.csv", "--output", tmp_path / "out.parquet")
    assert done.exit_code == 2
    assert 'pip install "edgewise[batch]"' in done.stderr
    assert "Traceback" not in done.output
