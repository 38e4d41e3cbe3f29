"""What came of a conversion is written whole or not at all."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.stub_models import source
from tests.support.tiny_bundle import make_tiny_bundle, tiny_encoder

from edgewise.bundle import Bundle
from edgewise.errors import FileSizeError
from edgewise_converters import write
from edgewise_converters.convert import Artifact, Conversion
from edgewise_converters.errors import FormError, OutExistsError, OutputError
from edgewise_converters.forms.catalogue import chosen_forms
from edgewise_converters.forms.material import Made
from edgewise_converters.sources.find import load_source
from edgewise_converters.sources.model import Package
from edgewise_converters.sources.spec import one_model
from edgewise_converters.write import write_bundle, write_files


@pytest.fixture
def done(tmp_path: Path) -> Conversion:
    """A bundle with one more form, that was not really made."""
    package = load_source(str(make_tiny_bundle(tmp_path / "tiny")))
    (form,) = chosen_forms(["openvino"], ["fp32"])
    (onnx,) = chosen_forms(["onnx"], ["int8-static"])
    artifacts = (
        Artifact("encoder", form, Made(b"<net/>", b"weights"), {"texts": 7}),
        Artifact("encoder", onnx, Made(tiny_encoder()), {}),
    )
    return Conversion(package, artifacts, ())


def test_a_bundle_keeps_what_it_had_and_gets_what_was_made(done: Conversion, tmp_path: Path) -> None:
    bundle = Bundle.open(write_bundle(done, tmp_path / "out"))
    bundle.verify()
    found = [(a.backend, a.precision) for a in bundle.manifest.models["encoder"].artifacts]
    assert found == [("onnxruntime", "fp32"), ("openvino", "fp32"), ("onnxruntime", "int8-static")]
    entry = bundle.manifest.raw["models"]["encoder"]["artifacts"][1]
    assert entry["parity"] == {"texts": 7}
    weights = bundle.manifest.models["encoder"].artifacts[1].weights
    assert weights is not None and bundle.read(weights) == b"weights"
    assert bundle.manifest.routes == Bundle.open(tmp_path / "tiny").manifest.routes


def test_a_form_that_was_there_is_replaced(done: Conversion, tmp_path: Path) -> None:
    (form,) = chosen_forms(["onnx"], ["fp32"])
    again = Conversion(done.package, (Artifact("encoder", form, Made(b"other bytes"), {}),), ())
    bundle = Bundle.open(write_bundle(again, tmp_path / "out"))
    (artifact,) = bundle.manifest.models["encoder"].artifacts
    assert bundle.read(artifact.file) == b"other bytes"
    assert not (tmp_path / "out" / "tiny.onnx").exists()


def test_plain_files_come_with_a_description(done: Conversion, tmp_path: Path) -> None:
    folder = write_files(done, tmp_path / "deep" / "out")
    told = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    for artifact in told["models"]["encoder"]["artifacts"]:
        assert (folder / artifact["file"]).is_file()
    assert (folder / "encoder.fp32.bin").read_bytes() == b"weights"


@pytest.mark.parametrize("kind", ["folder", "file", "broken link"])
def test_what_is_there_already_is_left_alone(done: Conversion, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
    elif kind == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / "nowhere")
    for put in (write_bundle, write_files):
        with pytest.raises(OutExistsError, match="is left as it is"):
            put(done, out)
    if kind == "file":
        assert out.read_text() == "mine"


@pytest.mark.parametrize("put", [write_bundle, write_files])
def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(
    done: Conversion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: Any
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match=r"out: No space left on device\. Make room") as caught:
        put(done, tmp_path / "out")
    assert isinstance(caught.value, OutputError)
    assert sorted(tmp_path.iterdir()) == before


def test_a_stop_half_way_leaves_no_half_bundle(
    done: Conversion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(folder: Path, *_: Any, **__: Any) -> None:
        folder.mkdir()
        (folder / "encoder.fp32.xml").write_bytes(b"<net")
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "pack", stop)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        write_bundle(done, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_too_large_for_a_device_is_refused(done: Conversion, tmp_path: Path) -> None:
    with pytest.raises(FileSizeError):
        write_bundle(done, tmp_path / "out", max_file_bytes=100)
    assert not (tmp_path / "out").exists()


def test_a_task_that_no_bundle_knows_needs_plain_files(tmp_path: Path) -> None:
    model = source(name="m", tasks={"topic": {"labels": ["a", "b"], "activation": "softmax"}})
    package = Package(
        one_model(model, "m", None, "", {"datasets": []}), {"tokenizer.json": model.tokenizer}, (model,)
    )
    (form,) = chosen_forms(["onnx"], ["fp32"])
    done = Conversion(package, (Artifact("m", form, Made(b"onnx"), {}),), ())
    with pytest.raises(FormError, match=r"'topic'.*--plain"):
        write_bundle(done, tmp_path / "out")
    assert (write_files(done, tmp_path / "out") / "m.fp32.onnx").is_file()
