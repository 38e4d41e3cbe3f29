"""Opening a bundle and reading its files: what is not as promised is refused, each with its own error."""

import hashlib
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise import errors
from edgewise.bundle import Bundle, FileRef, bundled, read_manifest
from edgewise.bundle.files import check_name, read_verified

DATA = b"model bytes"


def reference(file: str, data: bytes = DATA) -> FileRef:
    return FileRef(file, len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a plain file, one in a subfolder, and a secret beside the folder."""
    inside = tmp_path / "bundle"
    (inside / "sub").mkdir(parents=True)
    (inside / "model.bin").write_bytes(DATA)
    (inside / "sub" / "model.bin").write_bytes(DATA)
    (tmp_path / "secret.bin").write_bytes(DATA)
    return inside


@pytest.fixture
def writable(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle that a test may break."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "tiny"))


def test_a_file_comes_back_as_promised(folder: Path) -> None:
    assert read_verified(folder, reference("model.bin")) == DATA
    assert read_verified(folder, reference("sub/model.bin")) == DATA


def test_a_bundle_reads_every_file_of_its_manifest(tiny_bundle: Path) -> None:
    bundle = Bundle.open(str(tiny_bundle))
    bundle.verify()
    for ref in bundle.manifest.files:
        assert bundle.read(ref) == (tiny_bundle / ref.file).read_bytes()


@pytest.mark.parametrize("path", bundled().values(), ids=bundled())
def test_bundles_in_the_package_are_whole(path: Path) -> None:
    Bundle.open(path).verify()


def test_a_changed_byte_is_refused(folder: Path) -> None:
    changed = DATA[:-1] + b"S"
    (folder / "model.bin").write_bytes(changed)
    with pytest.raises(errors.FileHashError) as caught:
        read_verified(folder, reference("model.bin"))
    assert caught.value.file == "model.bin"
    assert caught.value.expected == hashlib.sha256(DATA).hexdigest()
    assert caught.value.found == hashlib.sha256(changed).hexdigest()


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"!", lambda data: b""])
def test_another_size_is_refused(folder: Path, change: Callable[[bytes], bytes]) -> None:
    (folder / "model.bin").write_bytes(change(DATA))
    with pytest.raises(errors.FileSizeMismatchError) as caught:
        read_verified(folder, reference("model.bin"))
    assert (caught.value.expected, caught.value.found) == (len(DATA), len(change(DATA)))


@given(data=st.binary(min_size=1, max_size=50), place=st.integers(0, 49), change=st.integers(1, 255))
def test_no_flipped_byte_gets_through(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int, change: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    flipped = bytearray(data)
    flipped[place % len(data)] ^= change
    (folder / "flipped.bin").write_bytes(flipped)
    with pytest.raises(errors.FileHashError):
        read_verified(folder, reference("flipped.bin", data))


def test_a_file_over_the_limit_is_refused_before_it_is_read(folder: Path) -> None:
    with pytest.raises(errors.FileSizeError) as caught:
        read_verified(folder, reference("model.bin"), limit=len(DATA) - 1)
    assert (caught.value.size, caught.value.limit) == (len(DATA), len(DATA) - 1)
    assert read_verified(folder, reference("model.bin"), limit=len(DATA)) == DATA


def test_a_file_that_is_larger_than_the_manifest_admits_is_refused_unread(folder: Path) -> None:
    with (folder / "model.bin").open("wb") as stream:
        stream.truncate(1 << 40)  # a sparse terabyte: reading it would not end well
    with pytest.raises(errors.FileSizeError):
        read_verified(folder, reference("model.bin"))


def test_the_limit_of_a_bundle_can_be_set(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle, max_file_bytes=100)
    with pytest.raises(errors.FileSizeError):
        bundle.verify()


@pytest.mark.parametrize("file", ["absent.bin", "absent/model.bin", "model.bin/model.bin"])
def test_a_missing_file_is_refused(folder: Path, file: str) -> None:
    with pytest.raises(errors.FileMissingError) as caught:
        read_verified(folder, reference(file))
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize(
    "file",
    ["../secret.bin", "sub/../model.bin", "sub\\model.bin", "C:model.bin", ".", "..", "", "sub/", "a\0b"],
)
def test_a_name_out_of_the_folder_is_refused(folder: Path, file: str) -> None:
    with pytest.raises(errors.PathEscapeError):
        read_verified(folder, reference(file))


def test_an_absolute_name_is_refused(folder: Path) -> None:
    with pytest.raises(errors.PathEscapeError, match="absolute"):
        read_verified(folder, reference(str(folder / "model.bin")))


@pytest.mark.parametrize("target", ["../secret.bin", "model.bin", "nowhere"])
def test_a_link_is_refused_wherever_it_leads(folder: Path, target: str) -> None:
    (folder / "link.bin").symlink_to(target)
    with pytest.raises(errors.PathEscapeError, match="link"):
        read_verified(folder, reference("link.bin"))


def test_a_linked_folder_on_the_way_is_refused(folder: Path) -> None:
    (folder / "out").symlink_to(folder.parent)
    with pytest.raises(errors.PathEscapeError, match="link"):
        read_verified(folder, reference("out/secret.bin"))


def test_the_bundle_folder_itself_may_be_reached_through_a_link(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(tiny_bundle)
    Bundle.open(tmp_path / "current").verify()


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    with pytest.raises(errors.PathEscapeError, match="a folder"):
        read_verified(folder, reference("sub"))


def test_a_pipe_is_refused_without_waiting_for_its_writer(folder: Path) -> None:
    os.mkfifo(folder / "pipe.bin")
    with pytest.raises(errors.PathEscapeError, match="pipe"):
        read_verified(folder, reference("pipe.bin"))


def test_a_socket_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.bin")
        with pytest.raises(errors.PathEscapeError):
            read_verified(folder, reference("socket.bin"))


def test_a_device_is_refused() -> None:
    with pytest.raises(errors.PathEscapeError, match="device"):
        read_verified(Path("/dev"), reference("zero"))


def test_a_file_that_is_swapped_while_it_is_opened_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest_open = os.open

    def swap_then_open(path: Path, flags: int) -> int:
        shutil.copy(folder / "model.bin", folder / "other.bin")
        (folder / "other.bin").replace(path)
        return honest_open(path, flags)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(errors.PathEscapeError, match="replaced"):
        read_verified(folder, reference("model.bin"))


def test_a_disk_error_is_a_bundle_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, flags: int) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(errors.FileUnreadableError, match="Input/output error") as caught:
        read_verified(folder, reference("model.bin"))
    assert isinstance(caught.value, OSError)


@given(st.text(max_size=30) | st.from_regex(r"[a.\\/:~-]{1,12}", fullmatch=True))
def test_every_accepted_name_stays_in_the_folder(file: str) -> None:
    try:
        check_name(file)
    except errors.PathEscapeError:
        return
    assert Path(os.path.normpath(Path("/bundle") / file)).is_relative_to("/bundle")
    assert Path(file).as_posix() == file
    assert file.isascii()


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.BundleNotFoundError) as caught:
        Bundle.open(tmp_path / "nowhere")
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.name == str(tmp_path / "nowhere")


def test_a_file_is_no_bundle(tiny_bundle: Path) -> None:
    with pytest.raises(errors.BundleNotFoundError):
        read_manifest(tiny_bundle / "manifest.json")


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.FileMissingError) as caught:
        read_manifest(tmp_path)
    assert caught.value.file == "manifest.json"


def test_a_linked_manifest_is_refused(writable: Path) -> None:
    (writable / "manifest.json").rename(writable / "real.json")
    (writable / "manifest.json").symlink_to("real.json")
    with pytest.raises(errors.PathEscapeError):
        read_manifest(writable)


def test_a_huge_manifest_is_refused_unread(writable: Path) -> None:
    with (writable / "manifest.json").open("r+b") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(errors.ManifestTooLargeError):
        read_manifest(writable)


def test_the_manifest_error_names_file_and_field(writable: Path) -> None:
    text = (writable / "manifest.json").read_text(encoding="utf-8")
    (writable / "manifest.json").write_text(text.replace('"mean"', '"median"', 1), encoding="utf-8")
    with pytest.raises(errors.ManifestError) as caught:
        read_manifest(writable)
    assert caught.value.path == str(writable / "manifest.json")
    assert "models.encoder.tasks.sentiment.pooling" in caught.value.problem
    assert "median" in caught.value.problem


def test_a_bundle_with_one_file_changed_opens_but_does_not_read_it(writable: Path) -> None:
    bundle = Bundle.open(writable)
    encoder = bundle.manifest.models["encoder"]
    data = bytearray((writable / encoder.artifacts[0].file.file).read_bytes())
    data[100] ^= 1
    (writable / encoder.artifacts[0].file.file).write_bytes(data)
    assert encoder.tokenizer is not None
    assert bundle.read(encoder.tokenizer.file)
    with pytest.raises(errors.FileHashError):
        bundle.read(encoder.artifacts[0].file)
    with pytest.raises(errors.FileHashError):
        bundle.verify()
