"""Runs that are stopped, continued, refused: nothing is lost, nothing is overwritten."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.cli_jobs import convert, job, lengths, no_progress, read_csv

from edgewise.cli.errors import (
    BadRowError,
    InputFileError,
    Interrupted,
    OutputBusyError,
    OutputExistsError,
    OutputFileError,
    ResumeError,
)
from edgewise.cli.job import publish as publishing
from edgewise.cli.job.partial import Partial, folder_of, remove_left_over
from edgewise.cli.job.run import is_complete, run
from edgewise.cli.tables.model import Answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("text\n" + "".join(f"{'x' * number}\n" for number in range(1, 8)))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


class Interrupting:
    """Answers some chunks, then is interrupted like by Ctrl-C."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.seen: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        if self.chunks == 0:
            raise KeyboardInterrupt
        self.chunks -= 1
        self.seen += texts
        return lengths(texts)


def test_a_stopped_run_continues_where_it_was_and_ends_the_same(
    file: Path, output: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.csv"
    convert(file, whole)
    with pytest.raises(Interrupted, match="4 of 7 rows"):
        convert(file, output, analyse=Interrupting(2))
    assert not output.exists()
    rest = Interrupting(99)
    summary, said = convert(file, output, analyse=rest)
    assert len(rest.seen) == 3
    assert summary.resumed == 4
    assert said == [f"Continuing earlier work in {folder_of(output)}: 4 of 7 rows are done."]
    assert output.read_bytes() == whole.read_bytes()
    assert not folder_of(output).exists()


def test_chunks_begin_at_the_same_rows_after_a_stop(file: Path, output: Path) -> None:
    """Otherwise batches, and with them the last digits of scores, could differ."""
    chunks: list[Sequence[str]] = []

    def noting(texts: Sequence[str]) -> list[Answer]:
        chunks.append(list(texts))
        if len(chunks) == 2:
            raise KeyboardInterrupt
        return lengths(texts)

    with pytest.raises(Interrupted):
        convert(file, output, analyse=noting, chunk=3)
    convert(file, output, analyse=noting, chunk=3)
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    assert chunks[1] == chunks[2]


def test_what_was_written_after_the_last_checkpoint_is_done_again(file: Path, output: Path) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(2))
    with (folder_of(output) / "answers.jsonl").open("ab") as answers:
        answers.write(b"[null,99,false]\n[null,9")
    convert(file, output)
    assert [row["edgewise_length"] for row in read_csv(output)] == [str(number) for number in range(1, 8)]


def test_earlier_work_on_another_input_is_neither_used_nor_thrown_away(file: Path, output: Path) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(2))
    before = (folder_of(output) / "answers.jsonl").read_bytes()
    file.write_text(file.read_text().replace("xxx", "xyz"))
    with pytest.raises(ResumeError, match="another input") as caught:
        convert(file, output)
    assert caught.value.rows_done == 4
    assert (folder_of(output) / "answers.jsonl").read_bytes() == before
    assert convert(file, output, resume=False)[0].resumed == 0


@pytest.mark.parametrize("change", [{"facts": {"model": "lengths 2"}}, {"facts": {}}])
def test_earlier_work_with_another_model_is_refused(file: Path, output: Path, change: dict) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(1))
    with pytest.raises(ResumeError, match="another model"):
        convert(file, output, **change)


@pytest.mark.parametrize("journal", ["", "{}", "[1]", '{"version": 1', '{"version": 9, "rows_done": 0}'])
def test_a_damaged_journal_is_refused(file: Path, output: Path, journal: str) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(1))
    (folder_of(output) / "journal.json").write_text(journal)
    with pytest.raises(ResumeError):
        convert(file, output)


def test_answers_that_are_gone_are_missed(file: Path, output: Path) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(1))
    (folder_of(output) / "answers.jsonl").write_bytes(b"[")
    with pytest.raises(ResumeError, match="gone"):
        convert(file, output)


def test_a_request_to_continue_nothing_begins_and_says_so(file: Path, output: Path) -> None:
    summary, said = convert(file, output, resume=True)
    assert summary.resumed == 0
    assert len(said) == 1
    assert "no earlier work" in said[0]


def test_an_output_that_is_there_is_never_touched(file: Path, output: Path) -> None:
    output.write_text("precious")
    with pytest.raises(OutputExistsError, match="--overwrite") as caught:
        convert(file, output)
    assert isinstance(caught.value, FileExistsError)
    assert output.read_text() == "precious"
    assert not folder_of(output).exists()
    convert(file, output, overwrite=True)
    assert len(read_csv(output)) == 7


def test_an_output_that_appears_while_we_work_is_not_touched(file: Path, output: Path) -> None:
    def meddling(texts: Sequence[str]) -> list[Answer]:
        output.write_text("precious")
        return lengths(texts)

    with pytest.raises(OutputExistsError):
        convert(file, output, analyse=meddling)
    assert output.read_text() == "precious"
    convert(file, output, overwrite=True)
    assert len(read_csv(output)) == 7


def test_an_output_that_appears_between_two_runs_is_refused_before_any_work(file: Path, output: Path) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(1))
    output.write_text("precious")
    rest = Interrupting(99)
    with pytest.raises(OutputExistsError):
        convert(file, output, analyse=rest)
    assert rest.seen == []
    assert convert(file, output, overwrite=True)[0].resumed == 2


def test_a_folder_of_another_maker_is_refused(file: Path, output: Path) -> None:
    folder_of(output).mkdir()
    (folder_of(output) / "diary.txt").write_text("precious")
    with pytest.raises(OutputFileError, match="not made by edgewise"):
        convert(file, output)
    assert (folder_of(output) / "diary.txt").read_text() == "precious"


def test_two_runs_on_one_output_do_not_mix(file: Path, output: Path) -> None:
    with Partial(output, {}), pytest.raises(OutputBusyError):
        convert(file, output)


def test_an_input_that_changes_while_it_is_read_is_refused(file: Path, output: Path) -> None:
    def meddling(texts: Sequence[str]) -> list[Answer]:
        with file.open("a") as opened:
            opened.write("more\n")
        return lengths(texts)

    with pytest.raises(InputFileError, match="changed while it was read"):
        convert(file, output, analyse=meddling)
    assert not output.exists()


def test_a_refused_text_is_carried_and_counted(file: Path, output: Path) -> None:
    file.write_text("text\na\nrefuse me\nb\nrefuse me\n")
    summary, _ = convert(file, output)
    assert (summary.rows, summary.bad, summary.first_bad) == (4, 2, (2, "refused"))
    assert [row["edgewise_error"] for row in read_csv(output)] == ["", "refused", "", "refused"]


def test_a_run_that_stops_at_a_bad_row_keeps_what_was_done(file: Path, output: Path) -> None:
    file.write_text("text\na\nb\nc\nrefuse me\ne\n")
    with pytest.raises(BadRowError, match="Row 4") as caught:
        convert(file, output, stop=True)
    assert caught.value.row == 4
    assert not output.exists()
    summary, _ = convert(file, output)
    assert (summary.resumed, summary.bad) == (2, 1)


STEPS = ["write", "finish", "name", "remove"]


@pytest.mark.parametrize("step", STEPS)
def test_a_stop_while_the_output_is_put_in_place_loses_nothing(
    file: Path, output: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies just after a step: the next run ends with the same file and no left-overs."""

    class DiedError(Exception):
        pass

    def dying_after(function):
        def wrapper(*args, **options):
            function(*args, **options)
            raise DiedError

        return wrapper

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(publishing, "_make_safe", dying_after(publishing._make_safe))
        elif step == "finish":
            patch.setattr(Partial, "finish", dying_after(Partial.finish))
        elif step == "name":
            patch.setattr(publishing, "_give_name", dying_after(publishing._give_name))
        else:
            patch.setattr("shutil.rmtree", dying_after(lambda folder, ignore_errors: None))
        with pytest.raises(DiedError):
            convert(file, output)
    again = job(file, output, resume=True)
    if is_complete(again):
        remove_left_over(again.output)
    else:
        run(again, lambda line: None, no_progress)
    assert [row["edgewise_length"] for row in read_csv(output)] == [str(number) for number in range(1, 8)]
    assert sorted(path.name for path in output.parent.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("linking", [True, False])
def test_without_hard_links_the_output_still_gets_its_name(
    file: Path, output: Path, linking: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not linking:

        def refuse(*args):
            raise PermissionError(1, "no links here")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    convert(file, output)
    assert len(read_csv(output)) == 7


def test_the_journal_is_plain_json_that_says_what_was_asked(file: Path, output: Path) -> None:
    with pytest.raises(Interrupted):
        convert(file, output, analyse=Interrupting(1))
    journal = json.loads((folder_of(output) / "journal.json").read_text())
    assert journal["rows_done"] == 2
    assert journal["facts"]["column"] == "text"
    assert journal["facts"]["model"] == "lengths 1"
    assert journal["facts"]["input"]["size"] == file.stat().st_size
