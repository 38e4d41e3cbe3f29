"""A packed bundle: what can be made from the ONNX files inside it."""

from __future__ import annotations

import copy
from pathlib import Path

from edgewise.bundle import Bundle, resolve
from edgewise.bundle.files import MANIFEST
from edgewise.bundle.manifest import Manifest, ModelSpec
from edgewise.engine.pieces import put_together
from edgewise.engine.second import Second
from edgewise.errors import BundleNotFoundError
from edgewise.ngrams import NgramHeads
from edgewise_converters.errors import SourceError
from edgewise_converters.limits import MOST_BYTES
from edgewise_converters.sources.model import Package, Source, SourceOptions

ONNX = "onnxruntime"


class BundleLoader:
    """Reads a bundle by its folder or, inside the package, by its name."""

    order = 50

    def matches(self, where: str) -> bool:
        """Whether there is a manifest."""
        try:
            return (resolve(where) / MANIFEST).is_file()
        except BundleNotFoundError:
            return False

    def load(self, where: str, options: SourceOptions) -> Package:
        """Read every file of the bundle; its encoders are converted from their ONNX files.

        Raises:
            BundleError: The bundle is broken.
            SourceError: None of its models is an encoder with an ONNX file.
        """
        return open_package(where)


def open_package(where: str | Path) -> Package:
    """Read a bundle as a package whose models have their ONNX files and no modules.

    Raises:
        BundleError: The bundle is broken.
        SourceError: None of its models is an encoder with an ONNX file.
    """
    bundle = Bundle.open(resolve(where), max_file_bytes=MOST_BYTES)
    manifest = bundle.manifest
    # Files in pieces are put together: what they lean on may be replaced by the conversion.
    files = {ref.file: put_together(bundle, ref.file, bundle.read(ref)) for ref in manifest.files}
    models = tuple(
        found for spec in manifest.models.values() if (found := _source(manifest, spec, files)) is not None
    )
    if not models:
        raise SourceError(str(where), "none of its models is an encoder with an ONNX file")
    spec = copy.deepcopy(dict(manifest.raw))
    spec["signature"] = None  # it was over another manifest
    return Package(spec, files, models)


def _source(manifest: Manifest, spec: ModelSpec, files: dict[str, bytes]) -> Source | None:
    artifact = next((found for found in spec.artifacts if found.backend == ONNX), None)
    if spec.kind != "encoder" or spec.tokenizer is None or artifact is None:
        return None
    return Source(
        name=spec.name,
        tasks=manifest.raw["models"][spec.name]["tasks"],
        tokenizer=files[spec.tokenizer.file.file],
        max_tokens=spec.tokenizer.max_tokens,
        stride=spec.tokenizer.stride,
        pad_id=spec.tokenizer.pad_id,
        onnx=files[artifact.file.file],
        precision=artifact.precision,
        speaks=lambda language: manifest.routes.model_for(language) == spec.name,
        second=_second(manifest, spec, files),
    )


def _second(manifest: Manifest, spec: ModelSpec, files: dict[str, bytes]) -> Second | None:
    if spec.beside is None:
        return None
    heads = manifest.models[spec.beside.model]
    ngrams = NgramHeads.from_bytes(files[heads.artifacts[0].file.file], heads.config)
    return Second(ngrams, spec.beside, spec.tasks)
