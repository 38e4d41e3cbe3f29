"""`edgewise publish` and `edgewise keys`: the side of whoever makes the models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from edgewise.bundle import Bundle, resolve
from edgewise.cli.errors import InputFileError
from edgewise.cli.show import show

if TYPE_CHECKING:
    from edgewise.updates.repository import Policy, Repository

_PATH = click.Path(path_type=Path)
_keys = click.option("--keys", type=_PATH, required=True, help="Folder of the keys, see `edgewise keys new`.")


def _thresholds(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in given:
        role, _, number = text.partition("=")
        if role not in ("root", "targets", "snapshot", "timestamp") or not number.isdigit() or number == "0":
            raise click.BadParameter(f"{text!r} is not ROLE=NUMBER, for example root=2.", ctx, parameter)
        found[role] = int(number)
    return found


@click.command()
@click.argument("bundle", type=_PATH)
@click.option("--to", "target", required=True, metavar="DIR|hf:ORG/REPO", help="Where to publish.")
@_keys
@click.option(
    "--gates", type=_PATH, help="Sign a copy of the bundle, with this report of `edgewise gate --json`."
)
@click.option("--downgrade", is_flag=True, help="Devices with a newer version may be sent back to this one.")
@click.option("--budget-ms", type=float, help="Devices on which a short text takes longer go without.")
@click.option(
    "--threshold", multiple=True, callback=_thresholds, metavar="ROLE=N", help="Of a new repository."
)
@click.option("--private", is_flag=True, help="Make a hub's repository private if it is made now.")
def publish(
    bundle: Path,
    target: str,
    keys: Path,
    gates: Path | None,
    downgrade: bool,
    budget_ms: float | None,
    threshold: Mapping[str, int],
    private: bool,
) -> None:
    """Publish a gated, signed bundle so that devices can pull it.

    DIR is a static folder: served over HTTPS, or carried on a disk. It is made if it is not there.
    """
    from edgewise.updates.keys import KeyFolder, passphrase
    from edgewise.updates.publishing import publish_bundle, sign_bundle
    from edgewise.updates.repository import Policy

    folder = KeyFolder(keys, passphrase())
    policy = Policy(thresholds=threshold)
    bundle = resolve(str(bundle))
    with _copied(bundle) if gates is not None else nullcontext(bundle) as whole:
        if gates is not None:
            sign_bundle(whole, folder, _report(gates))

        def change(place: Path) -> Repository:
            repository = _open(place, keys, policy)
            publish_bundle(repository, whole, downgrade=downgrade, budget_ms=budget_ms)
            repository.commit()
            return repository

        if target.startswith("hf:"):
            from edgewise.updates.hub import publish_to_hub

            tag = publish_to_hub(target.removeprefix("hf:"), whole, change, private=private)
            show(f"Published as {tag} in {target}.")
        else:
            show(f"Published in {target}; devices need {change(Path(target)).root_file} once.")


@contextmanager
def _copied(bundle: Path) -> Iterator[Path]:
    """Copy a bundle for the signature to go into: what is published may be read-only, and stays as it is."""
    Bundle.open(bundle).verify()
    with TemporaryDirectory(prefix="edgewise-publish-") as place:
        yield Path(shutil.copytree(bundle, Path(place) / "bundle"))


@click.group()
def keys() -> None:
    """Make and change the keys that sign models and their metadata."""


@keys.command("new")
@click.argument("folder", type=_PATH)
@click.option("--roots", type=click.IntRange(1), default=1, show_default=True, help="Keys of the root.")
def new_keys(folder: Path, roots: int) -> None:
    """Make a folder of Ed25519 keys, one a role; EDGEWISE_KEY_PASSPHRASE encrypts them."""
    from edgewise.updates.keys import BUNDLE, ROLES, KeyFolder, passphrase

    made = KeyFolder(folder, passphrase())
    for role in (*ROLES, BUNDLE):
        if not made.has(role):
            made.create(role, roots if role == "root" else 1)
    show(f"The keys are in {folder}. Lock root-*.pem away: only a rotation needs them.")


@keys.command()
@click.argument("role", type=click.Choice(["root", "targets", "snapshot", "timestamp", "bundle"]))
@click.option("--to", "target", type=_PATH, required=True, help="The repository.")
@_keys
def rotate(role: str, target: Path, keys: Path) -> None:
    """Replace the keys of a role; devices follow by themselves.

    A new key of the role bundle is added to those that may sign; delete the old file to withdraw it.
    """
    from edgewise.updates.keys import BUNDLE, KeyFolder, passphrase

    repository = _open(target, keys)
    if role == BUNDLE:
        KeyFolder(keys, passphrase()).create(BUNDLE)
        repository.put_bundle_keys()
    else:
        repository.rotate(role)
    repository.commit()
    show(f"The role {role} has new keys; the newest root is {repository.root_file}.")


@keys.command()
@click.option("--to", "target", type=_PATH, required=True, help="The repository.")
@_keys
def renew(target: Path, keys: Path) -> None:
    """Sign the metadata anew, so that they do not expire; to be run by a clock, at least every week."""
    repository = _open(target, keys)
    repository.commit()
    show("The metadata are signed anew.")


def _open(place: Path, keys: Path, policy: Policy | None = None) -> Repository:
    from edgewise.updates.keys import KeyFolder, passphrase
    from edgewise.updates.repository import Repository

    folder = KeyFolder(keys, passphrase())
    if (place / "metadata").exists():
        return Repository.open(place, folder, policy)
    return Repository.create(place, folder, policy)


def _report(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputFileError(path, str(error)) from error
    if not isinstance(found, dict):
        raise InputFileError(path, "it holds no report of gates")
    return found
