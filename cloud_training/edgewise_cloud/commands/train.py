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

from edgewise_cloud.commands.packing import beside, card, pack  # noqa: E402 - after the check above

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


_prepared = click.option(
    "--prepared",
    type=_FOLDER,
    help="Folder with rows to learn from: the work folder of a teacher's run, or what `data prepare` wrote.",
)


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
    help="Made rows a language and kind, at most: groups of people, quoted abuse, plain praise, negation.",
)
@click.option("--made-visits", type=click.IntRange(min=1), help="Of made rows in an epoch; 1 by default.")
@click.option(
    "--english-share",
    type=click.FloatRange(0.0, 1.0),
    help="Share of the English rows that an epoch visits: less where another student answers English.",
)
@click.option("--width", type=click.IntRange(min=8), help="Features of a token.")
@click.option("--layers", type=click.IntRange(min=1), help="Convolutions.")
@click.option(
    "--embedding", type=click.IntRange(min=8), help="Features of an embedding, where fewer than of a token."
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
@_prepared
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
    made_visits: int | None,
    english_share: float | None,
    width: int | None,
    layers: int | None,
    embedding: int | None,
    hidden: int | None,
    bf16: bool,
    vocabulary: int | None,
    languages: str | None,
    attributes: Path | None,
    prepared: Path | None,
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
        prepared=None if prepared is None else str(prepared),
        languages=tuple(_languages(languages)) if languages is not None else None,
        **_given(soft_rows=soft_rows, raw_rows=raw_rows, pairs=pairs, made_rows=made_rows),
        **_given(width=width, layers=layers, embedding=embedding, hidden=hidden),
    )
    sizes = _given(vocabulary=vocabulary, english=english_share, made_visits=made_visits)
    recipe = replace(recipe, sizes=replace(recipe.sizes, **sizes))
    if recipe.embedding > recipe.width:
        raise click.BadParameter(f"at most --width, {recipe.width}.", param_hint="--embedding")
    train_student(load_catalogue(data), work, recipe, licence_classes(licences))
    click.echo(f"Wrote {work / 'multilingual.onnx'}, tokenizer.json and model.json beside it.")


@train.command(short_help="Linear models over n-grams, beside or in place of the encoder.")
@_data
@_work
@_licences
@click.option("--features", type=click.IntRange(min=100), help="Features a language, at most.")
@click.option("--rows", type=click.IntRange(min=10), help="A quick try: so many rows of each set.")
@_prepared
def ngrams(
    data: Path,
    work: Path,
    licences: str | None,
    features: int | None,
    rows: int | None,
    prepared: Path | None,
) -> None:
    """Train linear models over words and n-grams of characters, one a language, small enough to ship.

    Writes ngrams.bin and model.json to --work. `pack --ngrams` lets them answer beside the students, or
    alone. Takes minutes and needs no checkpoint.
    """
    from edgewise_cloud.catalogue import load_catalogue
    from edgewise_cloud.ngrams.fit import NgramRecipe
    from edgewise_cloud.ngrams.ship import FEATURES, MADE_ROWS, train_heads

    recipe = NgramRecipe(features=features or FEATURES, made_rows=MADE_ROWS)
    train_heads(load_catalogue(data), work, recipe, licence_classes(licences), rows, prepared)
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


for _command in (pack, beside, card):
    train.add_command(_command)
