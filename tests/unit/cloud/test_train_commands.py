"""`edgewise train` from the catalogue to a bundle that the analyzer opens."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnxscript", reason="training needs the extra 'train'")
pytest.importorskip("sklearn", reason="training needs the extra 'train'")

import torch
from click.testing import CliRunner, Result
from tests.support.training_data import FORBIDDEN, LANGUAGES, LEAKED, make_training_data

from edgewise import Analyzer
from edgewise.bundle import Bundle
from edgewise.cli.app import main
from edgewise_cloud.card import CARD
from edgewise_cloud.commands.evaluate import evaluate
from edgewise_cloud.commands.train import train
from edgewise_cloud.train import forms
from edgewise_cloud.train import student as student_module
from edgewise_converters.limits import Limits


def run(*arguments: object) -> Result:
    """Run a command inside the group that turns errors into lines, as on the command line."""
    main.add_command(train)
    main.add_command(evaluate)
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are no faster on many threads, and much slower on a busy machine."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student_module, "available_threads", lambda: 1)
        torch.set_num_threads(1)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, and the works of both trainings beside it."""
    folder = tmp_path_factory.mktemp("training")
    make_training_data(folder / "data")
    for command in (
        ("language", "--languages", ",".join(LANGUAGES)),
        ("student", "--rows", 300, "--seed", 5),
    ):
        work = folder / command[0]
        result = run("train", *command, "--data", folder / "data", "--work", work)
        assert result.exit_code == 0, result.output
        assert f"Wrote {work}" in result.stdout
    return folder


@pytest.fixture(scope="module")
def bundle(root: Path) -> Path:
    result = pack(root, root / "bundle")
    assert result.exit_code == 0, result.output
    return root / "bundle"


def pack(root: Path, out: Path, *more: object) -> Result:
    return run(
        "train", "pack", "--language", root / "language", "--student", root / "student", "--out", out, *more
    )


def test_the_analyzer_answers_from_a_trained_bundle(bundle: Path) -> None:
    with Analyzer(bundle) as analyzer:
        told = [
            analyzer.analyze(text).language.label
            for text in (
                "good morning people of the world",
                "guten morgen leute",
                "добро јутро људи",
                "dobro jutro ljudi",
            )
        ]
        assert told == ["en", "de", "sr", "sr"]
        answer = analyzer.analyze("what a wonderful house, thanks")
        assert answer.sentiment is not None
        assert answer.emotion is not None
        assert answer.toxicity is not None
        assert sum(answer.sentiment.scores.values()) == pytest.approx(1.0, abs=1e-5)
        assert sum(answer.emotion.scores.values()) == pytest.approx(1.0, abs=1e-5)
        long = analyzer.analyze(" ".join(["the house"] * 500))
        assert not long.truncated
        assert analyzer.analyze("12345 😂").language.label == "und"


def test_the_reader_verifies_it_and_its_golden_answers_hold(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    opened.verify()
    manifest = opened.manifest
    assert set(manifest.models) == {"language", "multilingual"}
    golden = manifest.models["multilingual"].golden
    assert len(golden) >= 5
    assert len(manifest.models["language"].golden) >= 5
    with Analyzer(bundle) as analyzer:
        for each in golden:
            answer = analyzer.analyze(each.text)
            for task, scores in each.expected.items():
                assert getattr(answer, task).scores == pytest.approx(scores, abs=1e-3)
        for each in manifest.models["language"].golden:
            assert analyzer.analyze(each.text).language.label == each.expected["language"]


def test_the_manifest_tells_where_it_comes_from(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    provenance = manifest["provenance"]
    rows = {entry["file"]: entry["rows"] for entry in provenance["datasets"]}
    assert rows["emotion/carer_emotion_en"] == 300
    assert rows["sentiment/hr_pauza"] == 200 - 10  # a twentieth became its dev rows
    assert not any("vi_vsfc" in name for name in rows)
    assert rows["language/langid and language/rawtext"] > 0
    lines = next(entry for entry in provenance["datasets"] if entry["file"].startswith("language/"))
    assert lines["licence"].endswith("of the classes copyleft, open, opus-terms, tweets-terms, unstated")
    assert {entry["licence_class"] for entry in provenance["datasets"]} <= {
        "open",
        "copyleft",
        "unstated",
        "mixed",
    }
    assert provenance["seed"] == 5
    assert provenance["config"]["student"]["sizes"]["limit"] == 300
    assert provenance["commit"]
    assert FORBIDDEN not in (bundle / "tokenizer.json").read_text(encoding="utf-8")


def test_the_work_folder_holds_what_the_documentation_says(root: Path) -> None:
    assert {path.name for path in (root / "student").iterdir()} == {
        "run.json",
        "train.parquet",
        "dev.parquet",
        "tokenizer.json",
        "checkpoint.pt",
        "dev.jsonl",
        "multilingual.onnx",
        "model.json",
    }
    assert {path.name for path in (root / "language").iterdir()} == {"language.bin", "language.json"}
    page = (Path(__file__).parents[3] / "docs" / "training.md").read_text(encoding="utf-8")
    for work in ("language", "student"):
        assert [path.name for path in (root / work).iterdir() if f"`{path.name}`" not in page] == []
    (line,) = (root / "student" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["epoch"] == 0
    assert json.loads(line)["means"].keys() == {"sentiment", "toxicity", "emotion"}


def test_neither_forbidden_nor_leaked_texts_are_among_the_rows(root: Path) -> None:
    from edgewise_cloud.train.rows import load_examples

    texts = load_examples(root / "student" / "train.parquet").texts
    assert len(texts) > 1000
    assert not any(FORBIDDEN in text or text == LEAKED for text in texts)


def test_a_work_folder_is_not_shared_by_two_runs(root: Path) -> None:
    before = (root / "student" / "model.json").read_bytes()
    result = run(
        "train", "student", "--data", root / "data", "--work", root / "student", "--rows", 300, "--seed", 6
    )
    assert result.exit_code == 2
    assert "recipe.training.seed" in result.stderr
    assert "Traceback" not in result.output
    other = run(
        "train", "student", "--data", root / "data", "--work", root / "student", "--rows", 300, "--seed", 5,
        "--licences", "open,nc",
    )  # fmt: skip
    assert other.exit_code == 2
    assert "licences" in other.stderr
    assert (root / "student" / "model.json").read_bytes() == before


def test_measured_figures_go_into_the_bundle(root: Path, bundle: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    result = run("evaluate", "--model", bundle, "--data", root / "data", "--json", figures, "--threads", 1)
    assert result.exit_code == 0, result.output
    packed = pack(root, tmp_path / "bundle", "--metrics", figures, "--version", "0.2.0", "--name", "tried")
    assert packed.exit_code == 0, packed.output
    manifest = Bundle.open(tmp_path / "bundle").manifest
    assert (manifest.name, manifest.version) == ("tried", "0.2.0")
    assert {entry["task"] for entry in manifest.metrics} == {"language", "sentiment", "toxicity", "emotion"}
    card = (tmp_path / "bundle" / CARD).read_text(encoding="utf-8")
    assert "The set toxicity/en_olid" in card
    assert "tried" in card


def test_packing_again_gives_the_same_models(root: Path, bundle: Path, tmp_path: Path) -> None:
    assert pack(root, tmp_path / "again").exit_code == 0
    for name in ("language.bin", "multilingual.onnx", "tokenizer.json"):
        assert (tmp_path / "again" / name).read_bytes() == (bundle / name).read_bytes()


def test_a_language_gets_a_student_of_its_own(root: Path, bundle: Path, tmp_path: Path) -> None:
    work = tmp_path / "english"
    given = ("--rows", 300, "--languages", "en", "--attributes", bundle, "--data", root / "data")
    result = run("train", "student", *given, "--made-rows", 40, "--work", work)
    assert result.exit_code == 0, result.output
    part = json.loads((work / "model.json").read_text(encoding="utf-8"))
    assert part["recipe"]["made_rows"] == 40
    assert next(entry for entry in part["datasets"] if entry["name"].startswith("Made rows"))["rows"] == 40
    vocabulary = (work / "tokenizer.json").read_text(encoding="utf-8")
    assert "school" in vocabulary
    assert "кућа" not in vocabulary
    assert pack(root, tmp_path / "both", "--english", work).exit_code == 0
    manifest = json.loads((tmp_path / "both" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["routes"]["by_language"] == {"en": "english"}
    assert manifest["provenance"]["config"]["english"]["attributes"] == "edgewise-base"
    own, default = (
        manifest["models"][name]["tasks"]["toxicity"]["thresholds"] for name in ("english", "multilingual")
    )
    assert {name for name in default if "value" in default[name]} <= set(own)
    nobody = run(
        "train",
        "student",
        "--rows",
        300,
        "--languages",
        "tlh",
        "--data",
        root / "data",
        "--work",
        work.with_name("none"),
    )
    assert nobody.exit_code == 2
    assert "No labelled row is in tlh" in nobody.stderr


def test_forms_are_judged_on_texts(root: Path, tmp_path: Path) -> None:
    for alone in (("--forms", "onnx"), ("--dev", root / "data")):
        result = pack(root, tmp_path / "out", *alone)
        assert result.exit_code == 2 and "go together" in result.stderr
        assert not (tmp_path / "out").exists()


def test_nothing_is_packed_when_a_form_answers_otherwise(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "LIMITS", Limits(metric=-200.0))
    result = pack(root, tmp_path / "out", "--forms", "onnx", "--dev", root / "data")
    assert result.exit_code == 2 and "multilingual: onnxruntime int8-weights: refused" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_bundle_gets_forms_for_other_backends(
    root: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("litert_torch", reason="TFLite files are made with the extra 'convert-tflite'")
    out = tmp_path / "forms"
    # A student of 300 rows has no margins, and a few dev rows no hundredths.
    monkeypatch.setattr(forms, "LIMITS", Limits(agreement=0.9, metric=20.0))
    result = pack(root, out, "--forms", "onnx,tflite", "--dev", root / "data")
    assert result.exit_code == 0, result.output
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    entries = {each["backend"]: each for each in manifest["models"]["multilingual"]["artifacts"]}
    assert list(entries) == ["onnxruntime", "tflite"]
    assert {each["file"] for each in entries.values()} == {"multilingual.onnx", "multilingual.tflite"}
    for each in entries.values():
        assert each["parity"]["reference"] == "torch fp32"
        assert each["parity"]["agreement"]["sentiment"]
    for backend in entries:
        with Analyzer(out, backend=backend) as found, Analyzer(bundle) as wanted:
            for text in ("what a great day at school", "der Hund war böse"):
                mine, theirs = found.analyze(text).sentiment, wanted.analyze(text).sentiment
                assert mine is not None and theirs is not None
                assert mine.scores == pytest.approx(theirs.scores, abs=0.05)


def test_the_student_of_a_bundle_can_be_kept(root: Path, bundle: Path, tmp_path: Path) -> None:
    kept = ("train", "pack", "--language", root / "language", "--student", bundle, "--out", tmp_path / "kept")
    result = run(*kept, "--version", "0.2.0")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "kept/multilingual.onnx").read_bytes() == (bundle / "multilingual.onnx").read_bytes()
    old, new = (json.loads((each / "manifest.json").read_text()) for each in (bundle, tmp_path / "kept"))
    assert new["models"] == old["models"]
    assert new["provenance"]["datasets"] == old["provenance"]["datasets"]
    assert new["provenance"]["config"]["student"] == {
        **old["provenance"]["config"]["student"],
        "packed_in": old["version"],
    }
    (tmp_path / "kept/tokenizer.json").write_bytes(b"{}")
    assert run(*kept[:5], tmp_path / "kept", "--out", tmp_path / "no").exit_code == 2


def test_a_language_training_is_the_same_every_time(root: Path, tmp_path: Path) -> None:
    result = run(
        "train", "language", "--data", root / "data", "--work", tmp_path, "--languages", ",".join(LANGUAGES)
    )
    assert result.exit_code == 0, result.output
    for name in ("language.bin", "language.json"):
        assert (tmp_path / name).read_bytes() == (root / "language" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("language", "--data", "nowhere", "--work", "w"), "catalogue.json does not exist"),
        (("student", "--data", "nowhere", "--work", "w"), "catalogue.json does not exist"),
        (("language", "--data", "DATA", "--work", "w", "--languages", "en,xx"), "No training line is in xx"),
        (("student", "--data", "DATA", "--work", "w", "--licences", "gated"), "nothing can be trained"),
        (("pack", "--language", "w", "--student", "w", "--out", "b"), "lacks language.json, language.bin"),
        (("pack", "--language", "LANGUAGE", "--student", "w", "--out", "b"), "edgewise train student"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: tuple[str, ...], message: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"DATA": root / "data", "LANGUAGE": root / "language"}
    result = run("train", *[names.get(argument, argument) for argument in arguments])
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("language", "--licences", "secret"), "known classes are"),
        (("student", "--licences", ","), "--licences"),
        (("language", "--languages", " , "), "--languages"),
        (("student", "--rows", "3"), "--rows"),
        (("student", "--epochs", "0"), "--epochs"),
    ],
)
def test_wrong_options_are_told(arguments: tuple[str, ...], message: str, root: Path, tmp_path: Path) -> None:
    result = run("train", *arguments, "--data", root / "data", "--work", tmp_path / "w")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"model": 3, "datasets": [], "recipe": {}}'])
def test_a_broken_part_is_told(root: Path, tmp_path: Path, text: str) -> None:
    for name in ("multilingual.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes((root / "student" / name).read_bytes())
    (tmp_path / "model.json").write_text(text, encoding="utf-8")
    result = run(
        "train", "pack", "--language", root / "language", "--student", tmp_path, "--out", tmp_path / "b"
    )
    assert result.exit_code == 2
    assert "model.json cannot be used" in result.stderr


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"metrics": 3}'])
def test_a_report_that_is_none_is_told(root: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "figures.json").write_text(text, encoding="utf-8")
    result = pack(root, tmp_path / "b", "--metrics", tmp_path / "figures.json")
    assert result.exit_code == 2
    assert "edgewise evaluate --json" in result.stderr


@pytest.mark.parametrize("command", [(), ("language",), ("student",), ("pack",)])
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    result = run("train", *command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout) > 300


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from edgewise_cloud.commands.train import train;"
        "train(['student', '--help'], standalone_mode=False); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest)
    )
    spec = real("edgewise_cloud.commands.train")
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ModuleNotFoundError) as caught:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert caught.value.name == "torch"
