"""Models to convert: checkpoints as a hub has them, bundles, and what is wrong with them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_classifiers import edit_config, make_classifier

from edgewise.labels import LABELS
from edgewise_converters.errors import LabelsError, SourceError
from edgewise_converters.gate.judge import torch_run
from edgewise_converters.gate.rows import answers, read_rows
from edgewise_converters.sources.find import load_source
from edgewise_converters.sources.model import SourceOptions
from edgewise_converters.sources.tasks import task_of
from edgewise_converters.texts import DevText

MOODS = ("negative", "neutral", "positive")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("hub") / "My BERT", "bert", MOODS)


@pytest.fixture
def checkpoint(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "checkpoint"))


def test_heads_and_labels_come_from_the_config(checkpoint: Path) -> None:
    package = load_source(str(checkpoint))
    (source,) = package.models
    assert source.tasks["sentiment"]["labels"] == list(MOODS)
    assert source.tasks["sentiment"]["activation"] == "softmax"
    assert (source.max_tokens, source.pad_id) == (48, 0)
    assert package.spec["name"] == "checkpoint" and package.spec["licence"] == "NOASSERTION"


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "xlmr"])
def test_a_text_gets_the_answer_that_transformers_gives(tmp_path: Path, kind: str) -> None:
    import transformers

    folder = make_classifier(tmp_path / kind, kind, ["toxic", "insult", "threat"], several=True)
    (source,) = load_source(str(folder)).models
    assert source.tasks["toxicity"]["labels"] == ["toxicity", "insult", "threat"]
    assert source.tasks["toxicity"]["activation"] == "sigmoid"
    text = "the house and water"
    rows = read_rows(source, [DevText(text)])
    found = answers(torch_run(source), rows.ids, ["toxicity"])["toxicity"]
    reader = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        wanted = model(**reader(text, return_tensors="pt")).logits.numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_licence_is_the_readme_s_unless_it_is_told(checkpoint: Path) -> None:
    (checkpoint / "README.md").write_text("---\nlicense: mit\n---\n# A model\n", encoding="utf-8")
    assert load_source(str(checkpoint)).spec["licence"] == "mit"
    assert load_source(str(checkpoint), SourceOptions(licence="Apache-2.0")).spec["licence"] == "Apache-2.0"


def test_labels_that_are_missing_must_be_named(checkpoint: Path) -> None:
    edit_config(checkpoint, id2label={str(place): f"LABEL_{place}" for place in range(3)}, label2id=None)
    with pytest.raises(LabelsError, match="--labels"):
        load_source(str(checkpoint))
    edit_config(checkpoint, id2label=None, num_labels=3)
    with pytest.raises(LabelsError, match="id2label"):
        load_source(str(checkpoint))
    (source,) = load_source(str(checkpoint), SourceOptions(labels=MOODS)).models
    assert source.tasks["sentiment"]["labels"] == list(MOODS)


@pytest.mark.parametrize(
    ("labels", "told"), [(("a", "b"), "3 outputs and 2 labels"), (("a", "b", "a"), "some twice")]
)
def test_labels_that_do_not_fit_are_refused(checkpoint: Path, labels: tuple[str, ...], told: str) -> None:
    with pytest.raises(LabelsError, match=told):
        load_source(str(checkpoint), SourceOptions(labels=labels))


def test_labels_of_no_task_of_ours_are_a_task_of_their_own(checkpoint: Path) -> None:
    (source,) = load_source(str(checkpoint), SourceOptions(task="topic", labels=("a", "b", "c"))).models
    assert list(source.tasks) == ["topic"]
    (source,) = load_source(str(checkpoint), SourceOptions(labels=("a", "b", "c"))).models
    assert list(source.tasks) == ["label"]


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_truncated_checkpoint_is_refused(checkpoint: Path, file: str) -> None:
    path = checkpoint / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match="checkpoint cannot be converted"):
        load_source(str(checkpoint))


def test_an_encoder_without_a_head_is_refused(checkpoint: Path) -> None:
    edit_config(checkpoint, architectures=["BertModel"])
    with pytest.raises(SourceError, match=r"no sequence classifier: its config\.json says BertModel"):
        load_source(str(checkpoint))


def test_weights_without_the_head_are_refused(checkpoint: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(checkpoint / "model.safetensors")
    save_file(
        {k: v for k, v in weights.items() if "classifier" not in k},
        checkpoint / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(SourceError, match="its weights lack classifier"):
        load_source(str(checkpoint))


def test_a_regression_is_refused(checkpoint: Path) -> None:
    edit_config(checkpoint, problem_type="regression")
    with pytest.raises(SourceError, match="a number, not labels"):
        load_source(str(checkpoint))


@pytest.mark.parametrize("where", ["", "./nothing-here", "/no/such/folder", "a b/c"])
def test_what_is_no_model_is_refused(where: str) -> None:
    with pytest.raises(SourceError, match="Check the path"):
        load_source(where)


def test_a_bundle_brings_its_files_and_its_routes(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny", lambda spec: spec.update(signature={"by": "nobody"}))
    package = load_source(str(folder))
    (source,) = package.models
    assert source.name == "encoder" and source.onnx is not None and source.precision == "fp32"
    assert set(source.tasks) == {"sentiment", "toxicity", "emotion"}
    assert source.speaks("en") and package.spec["signature"] is None
    assert "tokenizer.json" in package.files


def test_tasks_are_known_by_their_labels() -> None:
    for task, labels in LABELS.items():
        assert task_of([label.upper() for label in labels]) == (task, tuple(labels))
    assert task_of(["neutral"]) is None
    assert task_of(["insult", "threat"]) is None  # nothing decides the answer
    assert task_of(["joy", "sadness", "anger"]) == ("emotion", ("joy", "sadness", "anger"))
    assert task_of(["toxic", "toxicity"]) is None
