"""Finding a bundle by name or by path."""

from pathlib import Path

import pytest

from edgewise.bundle import DEFAULT_BUNDLE, bundled, locate, resolve
from edgewise.errors import BundleNotFoundError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with the default bundle, another one, and a folder that is no bundle."""
    for name in (DEFAULT_BUNDLE, "another"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "manifest.json").write_text("{}")
    (tmp_path / "models" / "no-bundle").mkdir()
    monkeypatch.setattr(locate, "_MODELS", tmp_path / "models")
    return tmp_path / "models"


def test_bundled_lists_folders_with_a_manifest_by_name(package: Path) -> None:
    assert bundled() == {"another": package / "another", DEFAULT_BUNDLE: package / DEFAULT_BUNDLE}


def test_none_is_the_default_bundle(package: Path) -> None:
    assert resolve() == resolve(None) == resolve(DEFAULT_BUNDLE) == package / DEFAULT_BUNDLE


def test_a_name_comes_before_a_folder_and_a_path_does_not(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "another").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("another") == package / "another"
    assert resolve("./another").resolve() == resolve(Path("another")).resolve() == tmp_path / "another"


def test_a_path_leads_to_its_folder(package: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert resolve(tmp_path / "mine") == resolve(str(tmp_path / "mine")) == tmp_path / "mine"


@pytest.mark.parametrize(
    "model", ["nobody", "no-bundle", "", Path("nowhere/at/all"), "a\0b", "manifest.json"]
)
def test_what_is_not_there_is_refused_with_the_names_that_are(package: Path, model: str | Path) -> None:
    with pytest.raises(BundleNotFoundError) as caught:
        resolve(model)
    assert caught.value.known == ("another", DEFAULT_BUNDLE)
    assert f"'{DEFAULT_BUNDLE}'" in str(caught.value)


def test_a_package_without_models_has_no_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "_MODELS", tmp_path / "none")
    assert bundled() == {}
    with pytest.raises(BundleNotFoundError, match="In the package: none"):
        resolve()
