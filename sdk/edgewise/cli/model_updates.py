"""`edgewise models pull | list | use | pin | rollback | verify | prune | export | import`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgewise.cli.show import show, show_json, table

if TYPE_CHECKING:
    from edgewise.updates import Source, Store

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)

_store = click.option(
    "--store",
    "folder",
    type=_PATH,
    envvar="EDGEWISE_STORE",
    help="Where models are kept. [default: user data]",
)
_trust = click.option("--trust", type=_PATH, help="The publisher's root.json; kept for the next time.")
_source = click.option(
    "--from", "source", metavar="SOURCE", help="DIR, https://…, or hf:org/repo; kept, too."
)
_mirror = click.option("--mirror", metavar="ADDRESS", help="An address with the same files, asked first.")


@click.command()
@click.argument("spec", metavar="NAME[@VERSION]")
@_source
@_mirror
@_trust
@click.option("--channel", help="The channel to follow from now on. [default: stable]")
@click.option("--budget-ms", type=float, help="Refuse a model that is slower than that on this device.")
@click.option("--keep", type=click.IntRange(1), default=3, show_default=True, help="Versions to keep.")
@click.option("--again", is_flag=True, help="Take a version although it failed here before.")
@click.option("--beside", is_flag=True, help="Leave the model in use; have this one here for shadow mode.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_store
def pull(
    spec: str,
    source: str | None,
    mirror: str | None,
    trust: Path | None,
    channel: str | None,
    budget_ms: float | None,
    keep: int,
    again: bool,
    beside: bool,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Fetch a model, check it, try it, and use it from now on.

    The only command of a device that reaches the network. Whatever goes wrong, the model in use stays in use.
    """
    from edgewise.updates import Preflight, Store, Trust
    from edgewise.updates import pull as fetch
    from edgewise.updates.pulling import How

    store = Store(folder)
    root = Trust.load(trust, store)
    place = _place(store, source, mirror)
    how = How(preflight=Preflight(budget_ms), keep=keep, again=again)
    done = fetch(spec, store=store, source=place, trust=root, channel=channel, beside=beside, how=how)
    if trust is not None:
        root.keep(store)
    if as_json:
        show_json(
            {
                "name": done.name,
                "version": done.version,
                "folder": str(done.folder),
                "changed": done.changed,
                "fetched": done.fetched,
                "latency_ms": done.latency_ms,
                "arm": done.arm,
            }
        )
        return
    speed = f", {done.latency_ms:.2f} ms a short text" if done.latency_ms is not None else ""
    what = "is in use now" if done.changed else "was in use already"
    what = "is here beside the model in use" if beside else what
    show(f"{done.name}@{done.version} {what}: {done.fetched:,} bytes fetched{speed}.")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a version.")
@_store
def list_versions(as_json: bool, folder: Path | None) -> None:
    """List the versions that were pulled."""
    store = _open(folder)
    found = [each for name in store.names() for each in store.installed(name)]
    if as_json:
        for each in found:
            show_json(
                {
                    "name": each.name,
                    "version": each.version,
                    "active": each.active,
                    "size": each.size,
                    "folder": str(each.folder),
                    "refused": each.refused,
                }
            )
        return
    rows = [
        [
            each.name,
            each.version,
            "in use" if each.active else "",
            f"{each.size / 1e6:.1f} MB",
            each.refused or "",
        ]
        for each in found
    ]
    head = ["name", "version", "", "size", "left because"]
    show(
        table(head, rows, right=["size"]) if rows else f"Nothing was pulled yet; the store is {store.folder}."
    )


@click.command()
@click.argument("spec", metavar="NAME@VERSION")
@_store
def use(spec: str, folder: Path | None) -> None:
    """Use an installed version from now on."""
    from edgewise.updates import upkeep

    show(
        f"{upkeep.use(_open(folder), spec).name.partition('_')[0]} of {spec.partition('@')[0]} is in use now."
    )


@click.command()
@click.argument("spec", metavar="NAME@VERSION")
@_store
def pin(spec: str, folder: Path | None) -> None:
    """Keep to a version, or to those that begin like it; NAME@current follows the channel again."""
    from edgewise.updates import upkeep

    pinned = upkeep.pin(_open(folder), spec)
    name = spec.partition("@")[0]
    show(f"{name} keeps to {pinned}." if pinned else f"{name} follows its channel.")


@click.command()
@click.argument("name")
@_store
def rollback(name: str, folder: Path | None) -> None:
    """Go back to the version used before; the one in use now is not taken again by itself."""
    from edgewise.bundle import read_manifest
    from edgewise.updates import upkeep

    there = upkeep.rollback(_open(folder), name)
    show(f"{read_manifest(there).version} of {name} is in use again.")


@click.command()
@click.argument("names", metavar="[NAME[@VERSION]]...", nargs=-1)
@_store
@click.pass_context
def verify(ctx: click.Context, /, names: tuple[str, ...], folder: Path | None) -> None:
    """Check every byte of pulled models, and run their test inputs. Exits with 1 when one is broken."""
    from edgewise.cli.self_test import check_bundle

    store = _open(folder)
    broken = False
    for spec in names or store.known():
        problem, line = check_bundle(store.resolve(spec))
        broken = broken or problem is not None
        show(f"{spec}: {line}")
    ctx.exit(int(broken))


@click.command()
@click.option("--keep", type=click.IntRange(1), default=3, show_default=True, help="Versions of each model.")
@_store
def prune(keep: int, folder: Path | None) -> None:
    """Delete old versions; the one in use, the pinned one and those that a process has open stay."""
    from edgewise.updates import upkeep

    store = _open(folder)
    gone = []
    if store.names():
        with store.lock():
            gone = [
                f"{name}@{each.partition('_')[0]}"
                for name in store.names()
                for each in upkeep.prune(store, name, keep)
            ]
    show("\n".join(f"{each} is deleted." for each in gone) or "There was nothing to delete.")


@click.command("export")
@click.argument("spec", metavar="NAME[@VERSION]")
@click.argument("file", type=_PATH)
@_source
@_mirror
@_trust
@_store
def export_file(
    spec: str, file: Path, source: str | None, mirror: str | None, trust: Path | None, folder: Path | None
) -> None:
    """Write a published model into one file, with all that is signed of it, for devices without a network."""
    from edgewise.updates import Trust
    from edgewise.updates.package_file import export_package

    store = _open(folder)
    place = _place(store, source, mirror)
    named = export_package(spec, file, store=store, source=place, trust=Trust.load(trust, store))
    show(f"{named} is in {file}: {file.stat().st_size:,} bytes.")


@click.command("import")
@click.argument("file", type=_PATH)
@_trust
@_store
def import_file(file: Path, trust: Path | None, folder: Path | None) -> None:
    """Take a model out of a file that `export` wrote, with every check of a pull."""
    from edgewise.updates import Trust
    from edgewise.updates.package_file import import_package

    store = _open(folder)
    root = Trust.load(trust, store)
    done = import_package(file, store=store, trust=root)
    if trust is not None:
        root.keep(store)
    show(f"{done.name}@{done.version} is in use now.")


def _place(store: Store, source: str | None, mirror: str | None) -> Source:
    """Return the source that is named, or the one used last; behind a mirror, if one is named."""
    from edgewise.updates import Source
    from edgewise.updates.pulling import known_source

    if source is not None:
        return Source.parse(source, mirror)
    known = known_source(store)
    return known if mirror is None else known.behind(mirror)


def _open(folder: Path | None) -> Store:
    from edgewise.updates import Store

    return Store(folder)


COMMANDS = (pull, list_versions, use, pin, rollback, verify, prune, export_file, import_file)
"""What `edgewise models` gets from here."""
