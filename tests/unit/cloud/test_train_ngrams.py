"""`edgewise train ngrams`, and the bundles that its models are in: beside students, and alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the extra 'train'")
pytest.importorskip("torch", reason="training needs the extra 'train'")

from click.testing import CliRunner, Result
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.training_data import make_training_data

from edgewise import Analyzer
from edgewise.bundle import Bundle, resolve
from edgewise.cli.app import main
from edgewise.engine.second import log_odds
from edgewise.ngrams import NgramHeads
from edgewise.ngrams.heads import from_planes, to_planes
from edgewise_cloud.card import CARD
from edgewise_cloud.catalogue import load_catalogue
from edgewise_cloud.commands.train import train
from edgewise_cloud.ngrams.beside import best_shares, odds_of
from edgewise_cloud.ngrams.features import Vocabulary, count_features
from edgewise_cloud.ngrams.fit import LinearModel, NgramRecipe, fit_language, most_telling
from edgewise_cloud.ngrams.levels import level, moved
from edgewise_cloud.ngrams.ship import bridged, for_same, lay_out, own_answers, without_pooled
from edgewise_cloud.teacher.rows import unlabelled
from edgewise_cloud.train.calibrate import sigmoid
from edgewise_cloud.train.parts import TrainedFilesError
from edgewise_cloud.train.rows import labelled_rows


def run(*arguments: object) -> Result:
    main.add_command(train)
    return CliRunner().invoke(main, ["train", "--quiet", *map(str, arguments)])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, the work of `train ngrams`, and one like that of `train language`."""
    folder = tmp_path_factory.mktemp("ngrams")
    make_training_data(folder / "data")
    made = run("ngrams", "--data", folder / "data", "--work", folder / "ngrams", "--features", 400)
    assert made.exit_code == 0, made.output
    shipped = Bundle.open(resolve("edgewise-base"))
    model = dict(shipped.manifest.raw["models"]["language"])
    artifact = shipped.manifest.models["language"].artifacts[0]
    (folder / "language").mkdir()
    (folder / "language/language.bin").write_bytes(shipped.read(artifact.file))
    part = {"model": model, "lines": {"en": 1}, "recipe": {}}
    (folder / "language/language.json").write_text(json.dumps(part))
    return folder


@pytest.fixture(scope="module")
def nano(root: Path) -> Path:
    packed = run(
        *("pack", "--language", root / "language", "--ngrams", root / "ngrams"),
        *("--out", root / "nano", "--name", "edgewise-nano"),
    )
    assert packed.exit_code == 0, packed.output
    return root / "nano"


@pytest.fixture(scope="module")
def mixed(root: Path) -> Path:
    make_tiny_bundle(root / "tiny")
    made = run("beside", root / "tiny", "--ngrams", root / "ngrams", "--out", root / "mixed")
    assert made.exit_code == 0, made.output
    return root / "mixed"


def test_a_nano_bundle_answers_from_n_grams_alone(nano: Path) -> None:
    opened = Bundle.open(nano)
    opened.verify()
    assert set(opened.manifest.models) == {"language", "ngrams"}
    assert opened.manifest.models["ngrams"].golden
    with Analyzer(nano, languages=["en"]) as analyzer:
        good, bad = analyzer.analyze("the house was wonderful"), analyzer.analyze("the house was dreadful")
        assert good.sentiment is not None
        assert bad.sentiment is not None
        assert good.sentiment.label == "positive"
        assert bad.sentiment.label == "negative"
        rude, kind = analyzer.analyze("you moron").toxicity, analyzer.analyze("many thanks").toxicity
        assert rude is not None
        assert kind is not None
        assert rude.score > kind.score + 0.2
        assert good.backend == "numpy"


def test_its_golden_answers_are_those_that_it_gives(nano: Path) -> None:
    with Analyzer(nano) as analyzer:
        for each in Bundle.open(nano).manifest.models["ngrams"].golden:
            answer = analyzer.analyze(each.text)
            for task, expected in each.expected.items():
                assert getattr(answer, task).scores == pytest.approx(expected, abs=1e-3)


def test_beside_an_encoder_shares_and_thresholds_are_those_of_both(mixed: Path, root: Path) -> None:
    before, after = Bundle.open(root / "tiny").manifest, Bundle.open(mixed).manifest
    found = after.models["encoder"].beside
    assert found is not None
    assert found.model == "ngrams"
    assert set(found.share) == {"sentiment", "toxicity", "emotion"}
    assert all(0.0 < share < 1.0 for share in found.share.values())
    assert after.models["encoder"].artifacts == before.models["encoder"].artifacts
    assert after.provenance["config"]["ngrams"]["features"] == 400
    card = (mixed / CARD).read_text(encoding="utf-8")
    assert (
        f"Beside `encoder` answers `ngrams`; of what both say it counts {found.share['sentiment']:.0%}"
        in card
    )
    assert any(each["file"] == "sentiment/en_sst" for each in after.provenance["datasets"])
    with Analyzer(mixed, languages=["en"]) as both, Analyzer(root / "tiny", languages=["en"]) as alone:
        heard, unheard = (analyzer.analyze("the superb day").sentiment for analyzer in (both, alone))
        assert heard is not None
        assert unheard is not None
        assert heard.scores["positive"] > unheard.scores["positive"], "the encoder has no such word"


def test_heads_are_replaced_not_added_up(mixed: Path, root: Path) -> None:
    again = run(
        *("beside", mixed, "--ngrams", root / "ngrams", "--language", root / "language"),
        *("--out", root / "again", "--version", "9.9.9"),
    )
    assert again.exit_code == 0, again.output
    first, second = Bundle.open(mixed).manifest, Bundle.open(root / "again").manifest
    assert second.version == "9.9.9"
    assert first.models["encoder"] == second.models["encoder"]


def test_the_student_of_a_shipped_bundle_can_be_packed_again(root: Path, tmp_path: Path) -> None:
    shipped = resolve("edgewise-base")
    packed = run(
        *("pack", "--language", root / "language", "--student", shipped, "--out", tmp_path / "kept"),
    )
    assert packed.exit_code == 0, packed.output
    before, after = (Bundle.open(folder).manifest for folder in (shipped, tmp_path / "kept"))
    kept = after.models["multilingual"]
    assert kept.artifacts[0].file.sha256 == before.models["multilingual"].artifacts[0].file.sha256
    assert kept.beside is None
    assert after.provenance["config"]["student"]["packed_in"] == before.version


def test_a_folder_of_another_run_is_refused(root: Path) -> None:
    refused = run("ngrams", "--data", root / "data", "--work", root / "ngrams", "--features", 500)
    assert refused.exit_code == 2
    assert "Traceback" not in refused.output


@pytest.mark.parametrize("more", [["--student", "x"], ["--english", "x"], []])
def test_pack_takes_heads_or_a_student(root: Path, more: list[str]) -> None:
    heads = ["--ngrams", str(root / "ngrams")] if more else []
    refused = run("pack", "--language", root / "language", "--out", root / "no", *heads, *more)
    assert refused.exit_code == 2
    assert "--student" in refused.output
    assert not (root / "no").exists()


def test_a_folder_without_heads_is_named(root: Path, tmp_path: Path) -> None:
    refused = run("beside", root / "tiny", "--ngrams", tmp_path, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "edgewise train ngrams" in refused.output
    assert TrainedFilesError.__name__ not in refused.output


def test_the_file_says_what_the_models_say(root: Path, tmp_path: Path) -> None:
    rows, dev = labelled_rows(load_catalogue(root / "data"), {"open", "unstated"}, None, 17, tmp_path)
    english = rows.take([row for row, code in enumerate(rows.langs) if code == "en"])
    model = fit_language(english, NgramRecipe(), 300)
    assert isinstance(model, LinearModel)
    assert len(model.vocabulary.keys) == 300
    data, config = lay_out({"en": model})
    heads = NgramHeads.from_bytes(data, config)
    texts = [*dev.texts[:50], "", "  ", "zzz qqq"]
    said = own_answers(heads, texts, ["en"] * len(texts))
    weighed = model.vocabulary.weigh(count_features(texts))
    for task, exact in model.logits(count_features(texts)).items():
        assert np.array_equal(np.isnan(exact), np.isnan(said[task]))
        step = np.abs(model.weights[task]).max(axis=1) / 31
        most = np.asarray(weighed.sum(axis=1)) * step / 2 + 1e-3
        assert (np.nan_to_num(np.abs(exact - said[task])) <= most).all(), "more than rounding"
    assert np.isnan(own_answers(heads, texts, ["de"] * len(texts))["sentiment"]).all()


def test_the_model_of_all_languages_is_left_out_beside_an_encoder(mixed: Path, root: Path) -> None:
    config = json.loads((root / "ngrams/model.json").read_text())["model"]["config"]
    data = (root / "ngrams/ngrams.bin").read_bytes()
    whole, kept = NgramHeads.from_bytes(data, config), NgramHeads.from_bytes(*without_pooled(data, config))
    assert without_pooled(*without_pooled(data, config)) == without_pooled(data, config)
    for language in set(config["languages"]) - {"*"}:
        keys = whole.read("you moron, a wonderful house")
        for task, values in whole.log_odds(keys, language).items():
            assert kept.log_odds(keys, language)[task] == pytest.approx(values, nan_ok=True)
    assert not kept.log_odds(whole.read("good"), "*")
    assert "*" not in Bundle.open(mixed).manifest.models["ngrams"].config["languages"]


def test_languages_get_the_thresholds_of_those_that_answer_for_them() -> None:
    threshold = {"value": 0.5, "by_language": {"no": {"value": 0.3}, "nn": {"value": 0.4}}}
    task = {"temperature_by_language": {"no": 2.0, "de": 3.0}, "thresholds": {"toxicity": threshold}}
    found = for_same({"toxicity": task}, {"nb": "no", "nn": "no", "ms": "id"})["toxicity"]
    assert found["temperature_by_language"] == {"no": 2.0, "nb": 2.0, "nn": 2.0, "de": 3.0}
    limits = found["thresholds"]["toxicity"]["by_language"]
    assert limits == {"no": {"value": 0.3}, "nb": {"value": 0.3}, "nn": {"value": 0.4}}


def test_a_language_expects_as_many_as_there_are() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(4000) < 0.1
    odds = rng.normal(0, 1, 4000) + 2 * truth
    by = level(odds, truth, np.array(["a"] * 4000))
    assert sigmoid(odds + by).mean() == pytest.approx(truth.mean(), abs=1e-3)
    twice = np.concatenate((truth, np.ones(10, bool)))
    sets = np.array(["a"] * 4000 + ["b"] * 10)
    assert level(np.append(odds, [0.0] * 10), twice, sets) > by, "a small set counts like a large one"


def test_only_the_bias_of_toxicity_is_moved(root: Path) -> None:
    config = json.loads((root / "ngrams/model.json").read_text())["model"]["config"]
    data = (root / "ngrams/ngrams.bin").read_bytes()
    before = NgramHeads.from_bytes(data, config)
    after = NgramHeads.from_bytes(moved(data, config, {"en": 1.5}), config)
    keys = before.read("you moron")
    for language in config["languages"]:
        one, other = before.log_odds(keys, language), after.log_odds(keys, language)
        change = {task: np.array(other[task]) - np.array(one[task]) for task in one}
        for task, values in change.items():
            wanted = 1.5 if (language, task) == ("en", "toxicity") else 0.0
            assert values[0] == pytest.approx(wanted, abs=1e-5) or np.isnan(values[0])
            assert np.nan_to_num(values[1:]) == pytest.approx(0.0, abs=1e-5)


def test_distances_of_more_than_two_bytes_are_bridged() -> None:
    keys = np.array([5, 6, 70_000, 70_001, 400_000], np.uint32)
    found, before = bridged(keys)
    assert np.delete(found, np.flatnonzero(~np.isin(found, keys))).tolist() == keys.tolist()
    assert (np.diff(found.astype(np.int64)) > 0).all()
    assert np.diff(found.astype(np.int64), prepend=0).max() <= 65_535
    assert len(found) == len(keys) + len(before)
    assert np.array_equal(np.insert(keys, before, 0) == 0, ~np.isin(found, keys))
    assert from_planes(to_planes(found)[:2]).cumsum().tolist() == found.tolist()


def test_the_most_telling_features_are_kept() -> None:
    counted = count_features(["good day", "bad day", "good night", "bad night"])
    vocabulary = Vocabulary.of(counted, least=1)
    weighed = vocabulary.weigh(counted)
    weights = np.zeros((1, len(vocabulary.keys)), np.float32)
    weights[0, [3, 5]] = 1.0, -2.0
    assert most_telling(weighed, {"sentiment": weights}, 2).tolist() == [3, 5]
    assert most_telling(weighed, {"sentiment": weights}, 1).tolist() == [5]


def test_log_odds_of_many_rows_are_those_of_each() -> None:
    logits = np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0], [60.0, -60.0, 0.0]], np.float32)
    for many, one in zip(odds_of(logits), logits, strict=True):
        assert many.tolist() == pytest.approx(log_odds(one.tolist()), abs=1e-4)


def test_who_is_right_counts_more() -> None:
    count = 200
    rows = unlabelled(["text"] * count, ["en"] * count, "sentiment/some")
    rows.sentiment[:] = np.arange(count) % 3
    right = np.eye(3, dtype=np.float32)[rows.sentiment] * 4 - 2
    noise = np.random.default_rng(1).normal(0, 3, (count, 3)).astype(np.float32)
    rest = {"toxicity": np.full((count, 7), np.nan), "emotion": np.full((count, 8), np.nan)}
    shares = best_shares(rows, {"sentiment": noise, **rest}, {"sentiment": right, **rest})
    assert shares == {"sentiment": 0.8}
    shares = best_shares(rows, {"sentiment": right, **rest}, {"sentiment": noise, **rest})
    assert shares == {"sentiment": 0.2}
