"""Records: what counts, what is passed over, and what a file must be."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.experiments import NOW, START, counts, feedback, fleet, rows, write_jsonl

from edgewise_cloud.experiment.errors import RecordsFileError
from edgewise_cloud.experiment.files import read_rows
from edgewise_cloud.experiment.records import BadRecordError, Tally, add_up, parse_record

ARMS = ("control", "challenger")


def tally(records: list[Any]) -> Tally:
    return add_up(rows(records), "tone", ARMS, START, NOW)


def test_feedback_and_counts_become_amounts() -> None:
    assert parse_record(feedback(1, 0, True)).counts == {
        "accuracy": (1.0, 1.0),
        "accuracy.toxicity": (1.0, 1.0),
    }
    assert parse_record(feedback(1, 0, False)).counts["accuracy"] == (0.0, 1.0)
    found = parse_record(counts(1, calls=100, errors=2, latency_ms=490.0, compared=10, agreed=9)).counts
    assert found == {"error_rate": (2, 100), "latency_ms": (490.0, 98), "agreement": (9, 10)}


@pytest.mark.parametrize(
    "changes",
    [
        {"format_version": 2},
        {"format_version": None},
        {"kind": "gossip"},
        {"id": ""},
        {"id": "x" * 81},
        {"device": "not hex"},
        {"device": None},
        {"arm": "Control"},
        {"experiment": "../tone"},
        {"time": "yesterday"},
        {"time": "2026-11-10T06:00:00"},
        {"time": 7},
        {"task": "irony"},
        {"predicted": ""},
        {"actual": 1},
    ],
    ids=str,
)
def test_feedback_that_is_none_is_named(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecordError, match=next(iter(changes))):
        parse_record({**feedback(1, 0, True), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"calls": -1},
        {"calls": 1.5},
        {"calls": "many"},
        {"calls": True},
        {"calls": float("nan")},
        {"calls": 10**400},
        {"calls": 2, "errors": 3},
        {"calls": 2, "errors": 2, "latency_ms": 5.0},
        {"compared": 1, "agreed": 2},
        {"latency_ms": 1e13, "calls": 5},
        {},
    ],
    ids=str,
)
def test_counts_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecordError):
        parse_record(counts(1, **changes))


def test_every_line_has_a_fate() -> None:
    broken = [{"format_version": 1}, None]
    records = [
        feedback(1, 0, True),
        feedback(1, 0, False),  # the same id again: the first counts
        feedback(2, 0, True, experiment="other"),
        feedback(3, 0, True, arm="nobody"),
        feedback(4, 0, True, time="1999-01-01T00:00:00Z"),
        feedback(5, 0, True, time="2031-01-01T00:00:00Z"),
        feedback(6, 0, True),
        {**feedback(6, 0, True, arm="challenger"), "device": feedback(6, 0, True)["device"]},
        *broken,
    ]
    found = tally(records)
    seen = found.seen
    assert (seen.lines, seen.broken, seen.twice, seen.elsewhere) == (10, 2, 1, 1)
    assert (seen.unknown_arm, seen.switched, seen.clock_off) == (1, 1, 2)
    assert seen.first_broken.startswith("line 9: kind")
    assert found.devices("control") == 3  # 1, 4 and 5: a wrong clock counts, a device of two arms does not
    assert found.devices("challenger") == 0
    assert sum(of for _, of in found.arms["control"]["accuracy"].values()) == 3


def test_nothing_at_all_is_a_result() -> None:
    found = tally([])
    assert found.seen.lines == 0
    assert found.arms == {"control": {}, "challenger": {}}


RECORDS = [*fleet("control", 0.8, devices=3), *fleet("challenger", 0.9, devices=2)]


def test_jsonl_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(name for record in RECORDS for name in record))
    write_jsonl(tmp_path / "a.jsonl", RECORDS)
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(RECORDS)
    table = {name: [record.get(name) for record in RECORDS] for name in names}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    found = [
        add_up(read_rows([tmp_path / name]), "tone", ARMS, START, NOW)
        for name in ("a.jsonl", "a.csv", "a.parquet")
    ]
    assert found[0] == found[1] == found[2]
    assert found[0].seen.used == len(RECORDS)
    both = add_up(read_rows([tmp_path]), "tone", ARMS, START, NOW)
    assert both.arms == found[0].arms
    assert both.seen.twice == 2 * len(RECORDS)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.parquet", b"PAR1 and then rubbish", "cannot be used as records"),
        ("a.parquet", b"", "cannot be used as records"),
        ("a.csv", b"\xff\xfe\x00", "cannot be used as records"),
        ("a.csv", b"id,device\n1,2\n", "format_version"),
        ("a.csv", b'format_version,id\n1,"open', "cannot be used as records"),
        ("a.txt", b"", "does not end in"),
    ],
)
def test_a_file_that_is_damaged_as_a_whole_is_named(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(RecordsFileError, match=message):
        list(read_rows([path]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsFileError, match="no such file"):
        list(read_rows([tmp_path / "nowhere.jsonl"]))


def test_a_damaged_line_does_not_silence_the_others(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", RECORDS)
    data = path.read_bytes()
    path.write_bytes(
        b"{half\n[]\n\xff\n\n" + b"[" * 5000 + b"\n" + b"9" * 200_000 + b"\n" + data + b'{"id": "cut'
    )
    found = add_up(read_rows([path]), "tone", ARMS, START, NOW)
    assert found.seen.broken == 6
    assert found.seen.used == len(RECORDS)
    assert found.seen.first_broken.startswith("a.jsonl line 1")


JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.lists(st.integers(), max_size=2)
)


@given(st.sampled_from(RECORDS), st.sampled_from(sorted({name for each in RECORDS for name in each})), JSON)
def test_any_value_in_any_field_is_a_record_or_refused(record: dict[str, Any], name: str, value: Any) -> None:
    try:
        found = parse_record({**record, name: value})
    except BadRecordError:
        return
    assert all(0 <= amount <= of or metric == "latency_ms" for metric, (amount, of) in found.counts.items())
    json.dumps(found.counts, allow_nan=False)
