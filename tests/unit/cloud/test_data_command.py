"""`edgewise data` at the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("pyarrow")
pytest.importorskip("sklearn")

from tests.support.training_data import FORBIDDEN, make_training_data

from edgewise.cli.app import main
from edgewise_cloud.commands.data import data as command
from edgewise_cloud.prepare import load_examples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_training_data(tmp_path_factory.mktemp("command"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


def test_sets_are_listed_by_task_licence_and_language(folder: Path) -> None:
    every = run("list", "--data", folder)
    assert every.exit_code == 0
    assert "5 sets; rows train / dev / test: 1,661 / 400 / 260" in every.output
    assert "vi_vsfc" not in every.output
    assert "vi_vsfc" in run("list", "--data", folder, "--licences", "all").output
    assert "1 sets" in run("list", "--data", folder, "--tasks", "toxicity", "--languages", "de").output
    told = json.loads(run("list", "--data", folder, "--licences", "open", "--json").output)
    assert [entry["name"] for entry in told] == [
        "emotion/carer_emotion_en",
        "sentiment/hr_pauza",
        "toxicity/en_olid",
    ]


def test_a_set_is_shown_with_all_that_is_known(folder: Path) -> None:
    found = run("show", "en_olid", "--data", folder)
    for word in ("licence_class:", "open", "train 420, dev 160, test 60", "toxicity all", "sha256"):
        assert word in found.output
    told = json.loads(run("show", "vi_vsfc", "--data", folder, "--json").output)
    assert told["licence_class"] == "nc"
    assert told["scheme"]["labels"] == ["negative", "neutral", "positive"]


def test_schemes_with_rules_can_be_told(data: Path) -> None:
    name = "toxicity/es_offendes"
    told = json.loads(run("show", name, "--data", data, "--json").output)
    assert told["scheme"]["rules"][0]["native"] == "NOE"
    assert "NOE" in run("show", name, "--data", data).output
    listed = json.loads(run("list", "--data", data, "--tasks", "toxicity", "--json").output)
    assert told in listed


def test_a_check_exits_with_one_if_there_is_a_fault(tmp_path: Path) -> None:
    folder = make_training_data(tmp_path)
    found = run("check", "--data", folder)
    assert found.exit_code == 0
    assert "5 sets checked: 0 faults, 6 notes." in found.output
    (folder / "toxicity/en_olid.parquet").write_bytes(b"nothing")
    found = run("check", "--data", folder, "--no-leaks", "--tasks", "toxicity")
    assert found.exit_code == 1
    assert "FAULT toxicity/en_olid" in found.output
    assert "2 sets checked: 1 faults" in found.output


def test_rows_are_prepared_into_a_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"augment": {"on": true}}', encoding="utf-8")
    out = tmp_path / "rows"
    options = ("--data", folder, "--config", tmp_path / "config.json", "--limit", "60", "--quiet")
    found = run("prepare", "--out", out, *options, "--tasks", "sentiment")
    assert found.exit_code == 0
    assert "near duplicates" in found.output
    train = load_examples(out / "train.parquet")
    assert f"Wrote {len(train):,} training" in found.output
    assert {name.split("+")[0] for name in train.datasets} == {"sentiment/en_sst", "sentiment/hr_pauza"}
    assert any("+typos" in name for name in train.datasets)
    assert not any(FORBIDDEN in text for text in train.texts)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["settings"]["tasks"] == ["sentiment"]
    assert report["settings"]["config"]["limit"] == 60
    assert report["steps"][0]["rows_out"] == 120


def test_sets_of_ones_own_are_prepared_too(folder: Path, tmp_path: Path) -> None:
    lines = [
        f"{('fine', 'poor')[i % 2]} thing number {i},{('positive', 'negative')[i % 2]}" for i in range(80)
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    entry = {"name": "sentiment/mine", "source": "mine.csv", "licence": "ours", "licence_class": "open"}
    (tmp_path / "sets.json").write_text(json.dumps([entry]), encoding="utf-8")
    options = ("--data", folder, "--sets", tmp_path / "sets.json", "--tasks", "sentiment", "--quiet")
    assert "sentiment/mine" in run("list", *options[:4]).output
    assert run("prepare", "--out", tmp_path / "out", *options).exit_code == 0
    assert "sentiment/mine" in load_examples(tmp_path / "out/train.parquet").datasets


def test_effects_are_printed(tmp_path: Path) -> None:
    row = {"task": "sentiment", "dataset": "sentiment/x", "split": "test", "language": "en", "rows": 5}
    for name, value in (("a", 0.5), ("b", 0.6)):
        text = json.dumps({"metrics": [{**row, "accuracy": value}]})
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    assert "+0.1000" in run("effect", tmp_path / "a.json", tmp_path / "b.json").output
    told = json.loads(run("effect", tmp_path / "a.json", tmp_path / "b.json", "--json").output)
    assert told["differences"][0]["change"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "--licences", "opne"), "'opne', which does not exist"),
        (("list", "--data", "nowhere"), "catalogue.json does not exist"),
        (("list", "--tasks", "irony"), "no labelled task 'irony'"),
        (("show", "en_sts"), "near it"),
        (("prepare", "--out", "o", "--config", "nowhere.json"), "nowhere.json"),
        (("prepare", "--out", "o", "--licences", "gated"), "No labelled set has rows"),
        (("list", "--sets", "nowhere.json"), "nowhere.json"),
        (("effect", "a.json", "b.json"), "a.json cannot be compared"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    arguments: tuple[str, ...], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_DATA", str(folder))
    main.add_command(command)
    found = CliRunner().invoke(main, ["data", *arguments])
    assert found.exit_code != 0
    assert message in found.output
    assert "Traceback" not in found.output
