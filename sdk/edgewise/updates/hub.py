"""A hub's model repository as the place to publish to: the static folder, a model card, a tag a version."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewise.bundle import Bundle
from edgewise.errors import MissingExtraError
from edgewise.updates.errors import PublishError
from edgewise.updates.repository import Repository
from edgewise.updates.targets import BUNDLE_KEYS, CHANNELS

CARD = "MODEL_CARD.md"
"""The file of a bundle that becomes the repository's README.md."""

_TRANSPORTS = {"httpx", "httpx2", "requests"}


def hub_api() -> Any:
    """Return the hub's client; its address and token are its own settings (`HF_ENDPOINT`, `HF_TOKEN`).

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingExtraError("hub", "Publishing to a hub") from error
    return HfApi()


def publish_to_hub(
    repo_id: str,
    bundle: Path,
    change: Callable[[Path], Repository],
    *,
    private: bool = False,
    api: Any = None,
) -> str:
    """Publish a version in a hub's model repository: one commit, one tag.

    Args:
        repo_id: `organisation/repository`; it is made if it is not there.
        bundle: The bundle.
        change: Opens or makes the repository in the folder it is given, and publishes the bundle in it.
        private: Whether a repository that is made is private.
        api: The hub's client, None for `hub_api()`.

    Returns:
        The tag.

    Raises:
        PublishError: The hub refuses, or cannot be reached.
        UpdateError: See `change`.
    """
    api = api or hub_api()
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    manifest = Bundle.open(bundle).manifest
    tag = f"{manifest.name}-{manifest.version}"
    work = Path(tempfile.mkdtemp(prefix="edgewise-publish-"))
    try:
        api.create_repo(repo_id, repo_type="model", private=private, exist_ok=True)
        # Signed metadata and small documents; models that are there already need not come here.
        patterns = ["metadata/*.json", f"targets/*.{BUNDLE_KEYS}", f"targets/*.{CHANNELS}"]
        api.snapshot_download(repo_id, local_dir=work, allow_patterns=patterns)
        change(work)
        (work / "README.md").write_text(card(bundle), encoding="utf-8")
        api.upload_folder(
            repo_id=repo_id,
            folder_path=work,
            commit_message=f"{manifest.name} {manifest.version}",
            ignore_patterns=[".cache/**"],
        )
        api.create_tag(repo_id, tag=tag, tag_message=f"{manifest.name} {manifest.version}", exist_ok=True)
    except (HfHubHTTPError, HFValidationError) as error:
        raise PublishError(f"{manifest.name}@{manifest.version}", f"the hub refuses: {error}") from error
    except Exception as error:
        # Which transport the client has depends on its version; its errors are known by their home.
        if type(error).__module__.partition(".")[0] not in _TRANSPORTS:
            raise
        raise PublishError(f"{manifest.name}@{manifest.version}", f"the hub is away: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return tag


def card(bundle: Path) -> str:
    """Return the README.md of a model repository: the hub's header, and the bundle's own card."""
    manifest = Bundle.open(bundle).manifest
    own = bundle / CARD
    text = (
        own.read_text(encoding="utf-8") if own.is_file() else f"# {manifest.name}\n\n{manifest.description}\n"
    )
    if text.startswith("---\n"):
        return text
    licence = manifest.licence.lower().split()[0]
    head = [
        "---",
        f"license: {licence}",
        "library_name: edgewise",
        "pipeline_tag: text-classification",
        "---",
    ]
    use = f"\nFetch it with `edgewise models pull {manifest.name} --from hf:…` (Edgewise, docs/updates.md).\n"
    return "\n".join(head) + "\n\n" + text + use
