"""Writing what came of a conversion: all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edgewise.bundle.files import MAX_FILE_BYTES
from edgewise.labels import TASKS
from edgewise_converters.convert import Conversion
from edgewise_converters.errors import FormError, OutExistsError, OutputError
from edgewise_converters.pack import pack
from edgewise_converters.pieces import lean
from edgewise_converters.sources.model import Package

DESCRIPTION = "model.json"
"""What the files are, where they are no bundle."""


def write_bundle(
    conversion: Conversion, folder: Path, *, max_file_bytes: int = MAX_FILE_BYTES, in_pieces: bool = False
) -> Path:
    """Write a bundle.

    Args:
        conversion: What passed its gate.
        folder: It must not be there.
        max_file_bytes: The largest file that may be in it.
        in_pieces: Whether TFLite files leave out what an ONNX file beside them holds, too.

    Raises:
        OutExistsError: The folder is there.
        OutputError: The system refused to write; nothing is left behind.
        FormError: A task is none that a bundle knows.
        BundleError: A file is too large for a device.
    """
    demand_tasks(conversion.package)
    with _whole_or_nothing(folder) as beside:
        files = lean(conversion.files) if in_pieces else conversion.files
        pack(beside, conversion.spec, files, max_file_bytes=max_file_bytes)
    return folder


def write_files(conversion: Conversion, folder: Path) -> Path:
    """Write plain files: models, tokenizers, and `model.json`, which says what they are.

    Raises:
        OutExistsError: The folder is there.
        OutputError: The system refused to write; nothing is left behind.
    """
    text = json.dumps({"models": conversion.spec["models"]}, ensure_ascii=False, indent=1) + "\n"
    with _whole_or_nothing(folder) as beside:
        beside.mkdir(parents=True)
        for name, data in {**conversion.files, DESCRIPTION: text.encode()}.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder


def demand_tasks(package: Package) -> None:
    """See that every task is one that a bundle knows.

    Raises:
        FormError: One is not.
    """
    for source in package.models:
        for task in source.tasks:
            if task not in TASKS:
                raise FormError(
                    "A bundle",
                    f"{source.name} has the task {task!r}, and bundles know {', '.join(TASKS)}. "
                    "Write plain files with --plain, or say which of these it is with --task.",
                )


def demand_free(folder: Path) -> None:
    """See that there is no such folder yet.

    Raises:
        OutExistsError: There is.
    """
    if folder.exists() or folder.is_symlink():
        raise OutExistsError(folder)


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[Path]:
    """Yield a folder beside the wanted one that takes its name at the end, removed if anything fails."""
    demand_free(folder)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.rename(folder)
    except OSError as error:
        raise OutputError(folder, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(beside)
