"""Files that are read in advance: the same bytes, the same refusals, nothing kept."""

from __future__ import annotations

import pytest

from edgewise.bundle import Bundle
from edgewise.engine import ahead
from edgewise.engine.ahead import AheadBundle
from edgewise.engine.known import likely_files
from edgewise.errors import FileHashError

EVERY = ("language", "sentiment", "toxicity", "emotion")


@pytest.fixture
def bundle(packed) -> Bundle:
    return Bundle.open(packed())


def test_each_file_is_the_same_and_forgotten_when_it_was_handed_out(bundle: Bundle) -> None:
    files = likely_files(bundle.manifest, EVERY, None, "auto")
    assert [ref.file for ref in files] == ["language.bin", "tokenizer.json", "tiny.onnx"]
    early = AheadBundle(bundle, files)
    for ref in files:
        assert early.read(ref) == bundle.read(ref)
    assert early._found == {}
    assert early.read(files[0]) == bundle.read(files[0])


def test_what_was_not_read_in_advance_is_read(bundle: Bundle) -> None:
    early = AheadBundle(bundle, [])
    for ref in bundle.manifest.files:
        assert early.read(ref) == bundle.read(ref)


def test_a_damaged_file_is_refused_when_it_is_asked_for(bundle: Bundle) -> None:
    files = likely_files(bundle.manifest, EVERY, None, "auto")
    (bundle.folder / files[1].file).write_bytes(b"x" * files[1].size)
    early = AheadBundle(bundle, files)
    assert early.read(files[0]) == bundle.read(files[0])
    with pytest.raises(FileHashError):
        early.read(files[1])
    assert early.read(files[2]) == bundle.read(files[2])


def test_it_works_where_no_thread_can_be_had(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread:
        def __init__(self, **_: object) -> None:
            pass

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ahead, "Thread", NoThread)
    files = likely_files(bundle.manifest, EVERY, None, "auto")
    early = AheadBundle(bundle, files)
    assert [early.read(ref) for ref in files] == [bundle.read(ref) for ref in files]


@pytest.mark.parametrize(
    ("tasks", "languages", "backend", "names"),
    [
        (("language",), None, "auto", ["language.bin"]),
        (("language",), ("en", "de"), "auto", ["language.bin"]),
        (("language",), ("en",), "auto", []),
        (("emotion",), ("en",), "auto", ["tokenizer.json", "tiny.onnx"]),
        (("emotion",), ("en",), "onnxruntime", ["tokenizer.json", "tiny.onnx"]),
        (("emotion",), ("en",), "other", ["tokenizer.json"]),
    ],
)
def test_only_what_will_be_needed_is_read(
    bundle: Bundle, tasks: tuple[str, ...], languages: tuple[str, ...] | None, backend: str, names: list[str]
) -> None:
    assert [ref.file for ref in likely_files(bundle.manifest, tasks, languages, backend)] == names
