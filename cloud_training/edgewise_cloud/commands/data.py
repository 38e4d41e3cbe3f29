"""`edgewise data`: what labelled text there is, whether it is sound, and making it ready for training."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from edgewise_cloud.catalogue import Catalogue, Dataset

for _needed in ("numpy", "pyarrow", "sklearn"):
    if importlib.util.find_spec(_needed) is None:
        # The group of commands turns this into the pip line; importing them here would cost a second.
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)

DATA = Path("../shared/data")
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_SPLITS = ("train", "dev", "test")
_MANY = 4


def _names(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Split `a,b` and repeated options into names."""
    return tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))


def _classes(ctx: click.Context, parameter: click.Parameter, given: str | None) -> frozenset[str]:
    from edgewise_cloud.catalogue import UnknownLicenceError
    from edgewise_cloud.catalogue.licences import licence_filter

    try:
        return licence_filter(given)
    except UnknownLicenceError as error:
        raise click.BadParameter(str(error), ctx, parameter) from error


_data = click.option(
    "--data",
    type=_FOLDER,
    envvar="EDGEWISE_DATA",
    default=DATA,
    show_default=True,
    help="Folder that holds catalogue.json; the variable EDGEWISE_DATA says it, too.",
)
_sets = click.option("--sets", type=_FILE, multiple=True, help="A list of further sets; see docs/data.md.")
_licences = click.option(
    "--licences",
    callback=_classes,
    metavar="A,B",
    help="Licence classes; the default is every class that may ship, `all` is every class.",
)
_tasks = click.option("--tasks", multiple=True, callback=_names, metavar="A,B", help="Only these tasks.")
_languages = click.option(
    "--languages", multiple=True, callback=_names, metavar="A,B", help="Only these languages."
)
_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")


def _catalogue(data: Path, sets: Sequence[Path]) -> Catalogue:
    from edgewise_cloud.catalogue import load_catalogue, load_sets

    further = [dataset for path in sets for dataset in load_sets(path)]
    return load_catalogue(data).with_datasets(further)


def _chosen(
    catalogue: Catalogue, licences: frozenset[str], tasks: Sequence[str], languages: Sequence[str]
) -> list[Dataset]:
    from edgewise_cloud.prepare import PrepareConfig
    from edgewise_cloud.prepare.load import chosen_sets

    found = chosen_sets(catalogue, PrepareConfig(), licences, tasks)
    return [dataset for dataset in found if not languages or set(languages) & set(dataset.languages)]


@click.group(short_help="List, check and prepare the data that models are trained on.")
def data() -> None:
    """List, check and prepare the data that models are trained on.

    \b
      edgewise data list --tasks toxicity --languages de
      edgewise data show sentiment/en_sst
      edgewise data check
      edgewise data prepare --out runs/rows --tasks sentiment
      edgewise data effect plain.json augmented.json
    """  # noqa: D301 - click wants the character that \b stands for


@data.command("list", short_help="The sets, by task, licence class and language.")
@_data
@_sets
@_licences
@_tasks
@_languages
@_json
def list_sets(
    data: Path,
    sets: tuple[Path, ...],
    licences: frozenset[str],
    tasks: tuple[str, ...],
    languages: tuple[str, ...],
    as_json: bool,
) -> None:
    """List the labelled sets that may be trained on, or those of the licence classes named."""
    found = _chosen(_catalogue(data, sets), licences, tasks, languages)
    if as_json:
        click.echo(
            json.dumps([_told(dataset) for dataset in found], ensure_ascii=False, indent=1, default=_plain)
        )
        return
    for dataset in found:
        rows = " / ".join(f"{dataset.rows.get(split, 0):,}" for split in _SPLITS)
        names = sorted(dataset.languages, key=lambda code: -dataset.languages[code])
        more = f" +{len(names) - _MANY}" if len(names) > _MANY else ""
        kind = dataset.licence_class if dataset.tier == "main" else f"{dataset.licence_class}, {dataset.tier}"
        click.echo(f"{dataset.name:42} {kind:16} {rows:>26}  {' '.join(names[:_MANY])}{more}")
    total = " / ".join(f"{sum(d.rows.get(split, 0) for d in found):,}" for split in _SPLITS)
    click.echo(f"{len(found)} sets; rows {' / '.join(_SPLITS)}: {total}")


def _told(dataset: Dataset) -> dict[str, Any]:
    """Return everything that is known of a set, as JSON can say it."""
    from dataclasses import asdict, is_dataclass

    scheme: Any = dataset.scheme
    return {
        "name": dataset.name,
        "title": dataset.title,
        "paper": dataset.facts.paper,
        "citation": dataset.facts.citation,
        "where": list(dataset.facts.where),
        "domain": dataset.facts.domain,
        "licence": dataset.licence,
        "licence_class": dataset.licence_class,
        "tier": dataset.tier,
        "rows": dict(dataset.rows),
        "languages": dict(dataset.languages),
        "scheme": asdict(scheme) if is_dataclass(scheme) and not isinstance(scheme, type) else {},
        "file": str(dataset.path),
        "sha256": dataset.facts.sha256,
    }


@data.command(short_help="Everything that is known of one set.")
@click.argument("name")
@_data
@_sets
@_json
def show(name: str, data: Path, sets: tuple[Path, ...], as_json: bool) -> None:
    """Show paper, citation, place, licence, languages, splits, label scheme and sha256 of the set NAME."""
    from edgewise_cloud.catalogue import ALL_LICENCES

    told = _told(_catalogue(data, sets).dataset(name, licences=ALL_LICENCES))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=_plain))
        return
    for key, value in told.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {_plain(v)}" for k, v in value.items() if v not in ("", None, [], (), {}))
        click.echo(f"{key + ':':15} {', '.join(value) if isinstance(value, list) else value}")


def _plain(value: Any) -> Any:
    """Return a value of a scheme in words."""
    if isinstance(value, list | tuple):
        return " ".join(str(_plain(item)) for item in value)
    return getattr(value, "pattern", value if isinstance(value, str | int | float) else str(value))


@data.command(short_help="Whether the files are sound.")
@_data
@_sets
@_licences
@_tasks
@_languages
@click.option("--leaks/--no-leaks", default=True, help="Look for training texts in test splits, too.")
def check(
    data: Path,
    sets: tuple[Path, ...],
    licences: frozenset[str],
    tasks: tuple[str, ...],
    languages: tuple[str, ...],
    leaks: bool,
) -> None:
    """Check hashes, columns, row counts, labels, classes and leaks; exit 1 if something must be mended.

    Leaks and sets of one class are remarks: `data prepare` drops the former and refuses the latter.
    """
    from edgewise_cloud.prepare.check import check_sets

    catalogue = _catalogue(data, sets)
    chosen = _chosen(catalogue, licences, tasks, languages)
    found = check_sets(catalogue, chosen, leaks=leaks, notice=lambda name: click.echo(name, err=True))
    for finding in found:
        click.echo(f"{'FAULT' if finding.fault else 'note':5} {finding.dataset}: {finding.text}")
    faults = sum(finding.fault for finding in found)
    click.echo(f"{len(chosen)} sets checked: {faults} faults, {len(found) - faults} notes.")
    if faults:
        raise SystemExit(1)


@data.command(short_help="Write rows that are ready for training.")
@click.option(
    "--out", type=_FOLDER, required=True, help="Folder for train.parquet, dev.parquet, report.json."
)
@_data
@_sets
@_licences
@_tasks
@_languages
@click.option("--config", type=_FILE, help="Settings of the steps as JSON; docs/data.md lists them.")
@click.option("--limit", type=click.IntRange(min=1), help="A quick try: so many rows a set and split.")
@click.option("--seed", type=click.IntRange(min=0), default=17, show_default=True)
@click.option("--quiet", is_flag=True, help="Say nothing before the report.")
def prepare(
    out: Path, data: Path, sets: tuple[Path, ...], config: Path | None, quiet: bool, **given: Any
) -> None:
    """Write train.parquet, dev.parquet and report.json.

    Rows are cleaned, deduplicated, checked for leaks, sampled and, if the settings say so, augmented.
    """
    from edgewise_cloud.prepare import prepare_rows
    from edgewise_cloud.prepare.store import save_prepared

    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(asctime)s %(message)s")
    prepared = prepare_rows(
        _catalogue(data, sets),
        _settings(config, given["limit"]),
        given["licences"],
        given["languages"] or None,
        given["tasks"] or None,
        given["seed"],
    )
    save_prepared(out, prepared.train, prepared.dev, prepared.report.to_dict())
    click.echo(str(prepared.report))
    click.echo(f"Wrote {len(prepared.train):,} training and {len(prepared.dev):,} dev rows to {out}.")


def _settings(path: Path | None, limit: int | None) -> Any:
    from dataclasses import replace

    from edgewise_cloud.prepare import PrepareConfig, PrepareConfigError

    try:
        raw = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PrepareConfigError(str(path), f"the file cannot be read ({error})") from error
    found = PrepareConfig.from_dict(raw)
    return found if limit is None else replace(found, limit=limit)


@data.command(short_help="What a change of the data did to a model.")
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
@_json
def effect(before: Path, after: Path, as_json: bool) -> None:
    """Subtract the figures of BEFORE from those of AFTER.

    Both are reports of `edgewise evaluate --json`, or predictions of `edgewise gate --save`: these also give
    95 % intervals.
    """
    from edgewise_cloud.prepare.effect import effect as measured

    found = measured(before, after)
    click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1) if as_json else str(found))
