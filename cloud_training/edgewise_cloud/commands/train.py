"""`edgewise train`: the models that ship, from the catalogue."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

for _needed in ("numpy", "pyarrow", "sklearn", "torch", "onnx", "onnxscript"):
    if importlib.util.find_spec(_needed) is None:
        # The group of commands turns this into the pip line; importing them here would cost seconds.
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)

_FOLDER = click.Path(path_type=Path, file_okay=False)
_data = click.option(
    "--data",
    type=_FOLDER,
    envvar="EDGEWISE_DATA",
    default=Path("../shared/data"),
    show_default=True,
    help="Folder that holds catalogue.json; the variable EDGEWISE_DATA says it, too.",
)
_work = click.option("--work", type=_FOLDER, required=True, help="Folder for the results of this run.")
_licences = click.option(
    "--licences",
    metavar="A,B",
    help="Licence classes to train on; the default is every class that may ship (open, copyleft, unstated, "
    "opus-terms, tweets-terms).",
)


def _names(given: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in given.split(",") if part.strip()))


def _languages(given: str) -> list[str]:
    names = _names(given)
    if not names:
        raise click.BadParameter("no language is named.", param_hint="--languages")
    return names


def _given(**options: float | None) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def licence_classes(given: str | None) -> frozenset[str]:
    """Read --licences: the classes that may ship, or those named."""
    from edgewise_cloud.catalogue import ALL_LICENCES, SHIPPABLE

    if given is None:
        return SHIPPABLE
    names = frozenset(_names(given))
    unknown = sorted(names - ALL_LICENCES)
    if unknown or not names:
        known = ", ".join(sorted(ALL_LICENCES))
        raise click.BadParameter(f"{given!r}: known classes are {known}.", param_hint="--licences")
    return names


@click.group(short_help="Train the models of a bundle.")
@click.option("--quiet", is_flag=True, help="Say nothing while training.")
def train(quiet: bool) -> None:
    """Train the models of a bundle on labelled data, then pack them.

    \b
      edgewise train language --data ../shared/data --work runs/language
      edgewise train student --data ../shared/data --work runs/student
      edgewise train pack --language runs/language --student runs/student --out runs/bundle

    A killed `student` goes on where its last epoch ended when it is run again; the others start anew.
    """  # noqa: D301 - click wants the character that \b stands for
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(asctime)s %(message)s")
    # What torch says of itself while it exports is nothing to whoever trains.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"torch\.|copyreg")


@train.command(short_help="The encoder for sentiment, toxicity and emotion.")
@_data
@_work
@_licences
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the data.")
@click.option("--rows", type=click.IntRange(min=10), help="A quick try: so many rows a set, a tiny network.")
@click.option("--seed", type=click.IntRange(min=0), help="Of every random choice.")
@click.option(
    "--encoder",
    metavar="NAME",
    help="Pretrained English encoder that the embeddings begin with: a folder, a hub name, or package:NAME.",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    type=_FOLDER,
    help="Finished teacher whose answers are learned, too; repeat it for several.",
)
@click.option(
    "--soft-rows", type=click.IntRange(min=1), help="English rows that the teachers are asked about, at most."
)
@click.option(
    "--raw-rows", type=click.IntRange(min=0), help="Raw lines a language that they are asked about besides."
)
@click.option(
    "--pairs",
    type=click.IntRange(min=0),
    help="Translations to learn their answers about the English side of.",
)
@click.option(
    "--made-rows",
    type=click.IntRange(min=0),
    help="Made rows a language, at most, against the bias that naming a group of people is toxic.",
)
@click.option(
    "--english-share",
    type=click.FloatRange(0.0, 1.0),
    help="Share of the English rows that an epoch visits: less where another student answers English.",
)
@click.option("--hidden", type=click.IntRange(min=8), help="Features of a text.")
@click.option("--bf16", is_flag=True, help="Multiply matrices in bf16, where the processor has it.")
@click.option("--vocabulary", type=click.IntRange(min=300), help="Tokens of the tokenizer.")
@click.option("--languages", metavar="A,B", help="Only rows and vocabulary of these languages.")
@click.option(
    "--attributes",
    type=_FOLDER,
    help="Bundle whose default model is asked about attributes of toxicity that none of the sets annotates.",
)
def student(
    data: Path,
    work: Path,
    licences: str | None,
    epochs: int | None,
    rows: int | None,
    seed: int | None,
    encoder: str | None,
    teachers: tuple[Path, ...],
    soft_rows: int | None,
    raw_rows: int | None,
    pairs: int | None,
    made_rows: int | None,
    english_share: float | None,
    hidden: int | None,
    bf16: bool,
    vocabulary: int | None,
    languages: str | None,
    attributes: Path | None,
) -> None:
    """Train the encoder for sentiment, toxicity and emotion.

    Writes multilingual.onnx, tokenizer.json and model.json to --work. The checkpoint, the rows and dev.jsonl
    (the dev scores of each epoch) lie there, too: run again in the folder of a run that was killed, it goes
    on from the last whole epoch. With other options it refuses that folder.
    """
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.train.student import Recipe, small, train_student

    recipe = Recipe() if rows is None else small(Recipe(), rows)
    changes = _given(epochs=epochs, seed=seed)
    recipe = replace(recipe, training=replace(recipe.training, **changes, half=bf16), encoder=encoder)
    recipe = replace(
        recipe,
        teachers=tuple(map(str, teachers)),
        attributes=None if attributes is None else str(attributes),
        languages=tuple(_languages(languages)) if languages is not None else None,
        **_given(soft_rows=soft_rows, raw_rows=raw_rows, pairs=pairs, made_rows=made_rows, hidden=hidden),
    )
    sizes = _given(vocabulary=vocabulary, english=english_share)
    recipe = replace(recipe, sizes=replace(recipe.sizes, **sizes))
    train_student(load_catalogue(data), work, recipe, licence_classes(licences))
    click.echo(f"Wrote {work / 'multilingual.onnx'}, tokenizer.json and model.json beside it.")


@train.command(short_help="Linear models over n-grams, beside or in place of the encoder.")
@_data
@_work
@_licences
@click.option("--features", type=click.IntRange(min=100), help="Features a language, at most.")
@click.option("--rows", type=click.IntRange(min=10), help="A quick try: so many rows of each set.")
def ngrams(data: Path, work: Path, licences: str | None, features: int | None, rows: int | None) -> None:
    """Train linear models over words and n-grams of characters, one a language, small enough to ship.

    Writes ngrams.bin and model.json to --work. `pack --ngrams` lets them answer beside the students, or
    alone. Takes minutes and needs no checkpoint.
    """
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.ngrams.fit import NgramRecipe
    from edgewise_cloud.ngrams.ship import FEATURES, MADE_ROWS, train_heads

    recipe = NgramRecipe(features=features or FEATURES, made_rows=MADE_ROWS)
    train_heads(load_catalogue(data), work, recipe, licence_classes(licences), rows)
    click.echo(f"Wrote {work / 'ngrams.bin'} and model.json beside it.")


@train.command(short_help="The model that tells languages.")
@_data
@_work
@_licences
@click.option("--languages", metavar="A,B", help="A quick try: only these languages.")
@click.option("--most", type=click.IntRange(min=10), help="Training lines a language, at most.")
@click.option("--seed", type=click.IntRange(min=0), help="Of every random choice.")
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    help="A small model: what tells least is left out until the file is no larger.",
)
def language(
    data: Path,
    work: Path,
    licences: str | None,
    languages: str | None,
    most: int | None,
    seed: int | None,
    max_bytes: int | None,
) -> None:
    """Train the model that tells languages.

    Writes language.bin and language.json to --work. Takes minutes and needs no checkpoint.
    """
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.train.language import LanguageRecipe, train_language

    names = _languages(languages) if languages is not None else None
    recipe = replace(LanguageRecipe(), **_given(most=most, seed=seed, max_bytes=max_bytes))
    train_language(load_catalogue(data), work, recipe, licence_classes(licences), names)
    click.echo(f"Wrote {work / 'language.bin'} and language.json beside it.")


@train.command(short_help="Put the models into a bundle.")
@click.option("--language", "tells", type=_FOLDER, required=True, help="--work of `train language`.")
@click.option(
    "--student",
    "judges",
    type=_FOLDER,
    help="--work of `train student`, or a bundle to keep that of; without it --ngrams answer alone.",
)
@click.option("--english", type=_FOLDER, help="--work of another `train student`, for English texts.")
@click.option(
    "--ngrams", "heads", type=_FOLDER, help="--work of `train ngrams`, to answer without a student."
)
@click.option("--out", type=_FOLDER, required=True, help="Bundle folder to write.")
@click.option("--name", default="edgewise-base", show_default=True)
@click.option("--version", default="0.1.0", show_default=True)
@click.option(
    "--metrics",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="What `edgewise evaluate --json` wrote for this bundle: goes into the manifest and the model card.",
)
@click.option(
    "--forms",
    metavar="A,B",
    help="Convert the students to int8 for these backends, onnx,tflite for example; needs --dev.",
)
@click.option(
    "--dev",
    type=click.Path(path_type=Path, exists=True),
    help="Labelled texts that judge these forms: the data folder, a CSV or Parquet file.",
)
def pack(
    tells: Path,
    judges: Path | None,
    english: Path | None,
    heads: Path | None,
    out: Path,
    name: str,
    version: str,
    metrics: Path | None,
    forms: str | None,
    dev: Path | None,
) -> None:
    """Pack a bundle from the folders of the trainings.

    Its manifest tells where the models come from and, with --metrics, how good they are. The bundle itself
    is asked for the golden answers, which `edgewise doctor` compares on other machines. MODEL_CARD.md says
    it all in words. With --forms every student is converted from the weights of its training, and compared
    with them on --dev in every language; nothing is packed when a form answers otherwise.
    """
    from edgewise_cloud.train.bundle import make_bundle, read_metrics
    from edgewise_cloud.train.nano import make_nano

    backends = [each.strip() for each in (forms or "").split(",") if each.strip()]
    if bool(backends) != (dev is not None):
        raise click.UsageError("--forms and --dev go together: forms are judged on texts.")
    measured = read_metrics(metrics) if metrics is not None else []
    if judges is None or heads is not None:
        if heads is None or judges is not None or english is not None or forms is not None:
            raise click.UsageError("Name a --student; or --ngrams alone, without --english and --forms.")
        make_nano(out, tells, heads, name=name, version=version, metrics=measured)
        click.echo(f"Packed {out}.")
        return
    make_bundle(
        out,
        tells,
        judges,
        name=name,
        version=version,
        metrics=measured,
        english=english,
        forms=backends,
        dev=dev,
        tell=click.echo,
    )
    click.echo(f"Packed {out}.")


@train.command(short_help="Let n-gram models answer beside the students of a bundle.")
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--ngrams", "heads", type=_FOLDER, required=True, help="--work of `train ngrams`.")
@click.option("--out", type=_FOLDER, required=True, help="Bundle folder to write.")
@click.option(
    "--language", "tells", type=_FOLDER, help="--work of `train language`, to replace the bundle's."
)
@click.option("--version", help="Of the new bundle; that of the old one when it is left out.")
def beside(bundle: Path, heads: Path, out: Path, tells: Path | None, version: str | None) -> None:
    """Let linear models over n-grams answer beside every student of BUNDLE.

    What both say of a text is the weighted mean of their log-odds. What the n-grams count in each task, and
    the temperatures and thresholds of what both say, are chosen on the dev rows that `train ngrams` left. The
    students' own files stay as they are.
    """
    from edgewise_cloud.train.nano import add_ngrams

    add_ngrams(bundle, heads, out, version, tells)
    click.echo(f"Packed {out}.")


@train.command(short_help="Write what was measured into a bundle, and its model card.")
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--metrics",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="What `edgewise evaluate --json` wrote for this bundle; without it those in the manifest stay.",
)
def card(bundle: Path, metrics: Path | None) -> None:
    """Put metrics into the manifest of BUNDLE, and write its MODEL_CARD.md anew.

    For a bundle that was measured after it was packed, such as one that `edgewise convert` gave files for
    further backends. A signed bundle is refused: its signature covers the manifest.
    """
    from edgewise_cloud.train.bundle import note_metrics, read_metrics

    note_metrics(bundle, read_metrics(metrics) if metrics is not None else None)
    click.echo(f"Wrote {bundle / 'MODEL_CARD.md'}.")
