"""Packing a bundle: what the reader would refuse is never written."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_bundle import MODEL_FILE, TOKENIZER_FILE, tiny_files, tiny_spec

from edgewise import errors
from edgewise.bundle import Bundle
from edgewise_converters.pack import PackError, pack


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return tiny_files()


@pytest.fixture
def spec() -> dict[str, Any]:
    return tiny_spec()


def test_sizes_and_hashes_are_filled_in(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes]
) -> None:
    before = copy.deepcopy(spec)
    folder = pack(tmp_path / "deep" / "bundle", spec, files)
    assert spec == before
    bundle = Bundle.open(folder)
    for ref in bundle.manifest.files:
        assert bundle.read(ref) == files[ref.file]
        assert ref.sha256 == hashlib.sha256(files[ref.file]).hexdigest()


def test_wrong_sizes_and_hashes_are_replaced(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes]
) -> None:
    spec["models"]["encoder"]["tokenizer"] |= {"size": 1, "sha256": "0" * 64}
    Bundle.open(pack(tmp_path, spec, files)).verify()


def test_files_may_be_paths_and_lie_in_folders(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes]
) -> None:
    spec["models"]["encoder"]["artifacts"][0]["file"] = "onnx/model.onnx"
    (tmp_path / "made.onnx").write_bytes(files[MODEL_FILE])
    given = {TOKENIZER_FILE: files[TOKENIZER_FILE], "onnx/model.onnx": tmp_path / "made.onnx"}
    folder = pack(tmp_path / "bundle", spec, given)
    assert (folder / "onnx" / "model.onnx").read_bytes() == files[MODEL_FILE]


def test_the_same_input_makes_the_same_bytes(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes]
) -> None:
    first, second = (pack(tmp_path / name, spec, files) / "manifest.json" for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_a_new_version_takes_the_place_of_the_old_one(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes]
) -> None:
    pack(tmp_path, spec, files)
    spec["version"] = "0.2.0"
    spec["description"] = "größer — 更大"
    pack(tmp_path, spec, files)
    assert Bundle.open(tmp_path).manifest.version == "0.2.0"
    assert "更大" in (tmp_path / "manifest.json").read_text(encoding="utf-8")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*files, "manifest.json"])


@pytest.mark.parametrize("change", ["missing", "unused"])
def test_files_must_be_those_of_the_manifest(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes], change: str
) -> None:
    given = dict(files)
    if change == "missing":
        del given[MODEL_FILE]
    else:
        given["stray.bin"] = b"?"
    with pytest.raises(PackError) as caught:
        pack(tmp_path / "bundle", spec, given)
    assert caught.value.missing == ((MODEL_FILE,) if change == "missing" else ())
    assert caught.value.unused == (("stray.bin",) if change == "unused" else ())
    assert not (tmp_path / "bundle").exists()


REFUSED = {
    "a path out of the folder": (lambda spec: _rename(spec, "../out.onnx"), errors.PathEscapeError),
    "labels missing": (lambda spec: _task(spec).pop("labels"), errors.MissingLabelsError),
    "a route astray": (lambda spec: spec["routes"].update(default="nobody"), errors.UnknownRouteError),
    "NaN": (lambda spec: _task(spec).update(temperature=float("nan")), errors.ManifestError),
    "no JSON type": (lambda spec: spec.update(created={1, 2}), errors.ManifestError),
    "no models": (lambda spec: spec.update(models=[]), (errors.ManifestError, PackError)),
}


def _task(spec: dict[str, Any]) -> dict[str, Any]:
    return spec["models"]["encoder"]["tasks"]["sentiment"]


def _rename(spec: dict[str, Any], name: str) -> None:
    spec["models"]["encoder"]["artifacts"][0]["file"] = name


@pytest.mark.parametrize("reason", REFUSED)
def test_what_the_reader_refuses_is_not_written(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes], reason: str
) -> None:
    edit, error = REFUSED[reason]
    edit(spec)
    name = spec["models"]["encoder"]["artifacts"][0]["file"] if spec["models"] else MODEL_FILE
    given = {TOKENIZER_FILE: files[TOKENIZER_FILE], name: files[MODEL_FILE]}
    with pytest.raises(error):
        pack(tmp_path / "bundle", spec, given)
    assert not list(tmp_path.iterdir())


def test_a_file_over_the_limit_is_refused(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes]
) -> None:
    with pytest.raises(errors.FileSizeError):
        pack(tmp_path / "bundle", spec, files, max_file_bytes=10)
    assert not (tmp_path / "bundle").exists()


def test_a_failed_write_leaves_the_old_bundle_whole(
    tmp_path: Path, spec: dict[str, Any], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path, spec, files)
    before = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        pack(tmp_path, spec | {"version": "0.2.0"}, files)
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8")) == before
    Bundle.open(tmp_path).verify()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*files, "manifest.json"])
