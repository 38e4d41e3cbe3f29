"""`edgewise train pack`, `beside` and `card`: from the folders of trainings to a bundle."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Put the models into a bundle.")
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


@click.command(short_help="Let n-gram models answer beside the students of a bundle.")
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


@click.command(short_help="Write what was measured into a bundle, and its model card.")
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
