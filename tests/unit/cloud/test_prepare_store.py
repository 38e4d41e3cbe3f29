"""Rows in files: whole or not at all."""

import errno
import json
import os
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from tests.support.labelled_examples import equal, examples

from edgewise_cloud.catalogue import Examples
from edgewise_cloud.prepare import RowsFileError, load_examples, save_examples
from edgewise_cloud.prepare.store import save_prepared, write_whole

ROWS = examples("sentiment/a", [("one", "positive"), ("two", "negative")])


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_prepared_rows_go_there_and_back(tmp_path: Path) -> None:
    paths = save_prepared(tmp_path / "out", ROWS, ROWS.take([1]), {"seed": 1})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dev.parquet",
        "report.json",
        "train.parquet",
    ]
    assert equal(load_examples(paths[0]), ROWS)
    assert equal(load_examples(paths[1]), ROWS.take([1]))
    assert json.loads(paths[2].read_text(encoding="utf-8")) == {"seed": 1}


def test_a_full_disk_leaves_the_earlier_files_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_prepared(tmp_path, ROWS, ROWS, {"run": 1})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    written: list[object] = []
    whole = pq.write_table

    def second_fails(table: object, path: Path) -> None:
        written.append(path)
        Path(path).write_bytes(b"half")
        if len(written) == 2:
            no_space()
        whole(table, path)

    monkeypatch.setattr(pq, "write_table", second_fails)
    with pytest.raises(
        RowsFileError, match=r"dev\.parquet.*No space left on device.*Free some space"
    ) as caught:
        save_prepared(tmp_path, ROWS.take([0]), ROWS, {"run": 2})
    assert isinstance(caught.value, OSError)
    assert caught.value.number == errno.ENOSPC
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_device_that_is_really_full(tmp_path: Path) -> None:
    def write(part: Path) -> None:
        part.symlink_to("/dev/full")
        with part.open("wb") as stream:
            stream.write(b"x" * 100_000)

    with pytest.raises(RowsFileError, match="No space left"):
        write_whole(tmp_path / "rows.parquet", write)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RowsFileError, match="Choose a folder"):
        save_examples(tmp_path / "file" / "rows.parquet", ROWS)
    with pytest.raises(RowsFileError):
        save_prepared(tmp_path / "file", ROWS, ROWS, {})


def test_no_rows_are_rows_too(tmp_path: Path) -> None:
    save_examples(tmp_path / "rows.parquet", Examples.concat([]))
    assert len(load_examples(tmp_path / "rows.parquet")) == 0
