"""`edgewise convert`: a model into the forms that devices run, each with proof."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

import click

from edgewise_converters.sources.model import EXPORTERS

for _needed in ("numpy", "torch", "onnx"):
    if importlib.util.find_spec(_needed) is None:
        # The group of commands turns this into the pip line; importing them here would cost seconds.
        raise ModuleNotFoundError(f"No module named {_needed!r}", name=_needed)

_MIB = 2**20


def _names(ctx: click.Context, parameter: click.Parameter, given: str | None) -> tuple[str, ...]:
    """Split `a,b` into names."""
    return tuple(dict.fromkeys(part.strip() for part in (given or "").split(",") if part.strip()))


def _lengths(ctx: click.Context, parameter: click.Parameter, given: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in given.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1:
        raise click.BadParameter("name lengths like 16,32,64", ctx, parameter)
    return found


@click.command(short_help="Convert a model for ONNX Runtime, OpenVINO and TFLite, with proof.")
@click.argument("model")
@click.option(
    "--to",
    "backends",
    callback=_names,
    default="onnx",
    show_default=True,
    metavar="A,B",
    help="onnx, openvino, tflite.",
)
@click.option(
    "--precision",
    "precisions",
    callback=_names,
    default="fp32,int8",
    show_default=True,
    metavar="A,B",
    help="fp32, fp16, int8, int4, or a form by its own name, such as int8-static; see docs/convert.md.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@click.option(
    "--dev",
    type=click.Path(path_type=Path, exists=True),
    help="Labelled texts to judge with: a CSV or Parquet file, or the data folder.",
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path, exists=True),
    help="Texts for forms that are calibrated; the default is what the gate leaves of --dev.",
)
@click.option(
    "--texts",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Texts of each model that are compared, at most.",
)
@click.option("--plain", is_flag=True, help="Write plain files instead of a bundle.")
@click.option("--name", help="Name of the bundle.")
@click.option("--task", help="The task of a checkpoint whose labels do not tell it.")
@click.option(
    "--labels", callback=_names, metavar="A,B", help="Labels of a checkpoint that does not name them."
)
@click.option("--licence", help="SPDX expression of the checkpoint's licence.")
@click.option(
    "--exporter",
    type=click.Choice(EXPORTERS),
    default=EXPORTERS[0],
    show_default=True,
    help="Who writes a Hugging Face checkpoint as ONNX; optimum needs an environment of its own.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=4),
    default=128,
    show_default=True,
    help="Tokens of a window, at most, where the model does not say.",
)
@click.option(
    "--buckets",
    callback=_lengths,
    default="16,32,64,128",
    show_default=True,
    metavar="A,B",
    help="Lengths of the signatures of a TFLite file.",
)
@click.option(
    "--max-file-mib",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Largest file of a bundle; devices refuse more than 64 unless they are told.",
)
@click.option(
    "--in-pieces",
    is_flag=True,
    help="Store once what a TFLite and an ONNX file of the bundle have in common, most of both.",
)
@click.option(
    "--allow-batch-dependent",
    is_flag=True,
    help="Make forms, too, whose answer to a text depends on what shares its batch.",
)
@click.pass_context
def convert(
    ctx: click.Context,
    model: str,
    backends: tuple[str, ...],
    precisions: tuple[str, ...],
    out: Path,
    dev: Path | None,
    calibrate: Path | None,
    texts: int,
    plain: bool,
    name: str | None,
    task: str | None,
    labels: tuple[str, ...],
    licence: str | None,
    exporter: str,
    max_tokens: int,
    buckets: tuple[int, ...],
    max_file_mib: int,
    in_pieces: bool,
    allow_batch_dependent: bool,
) -> None:
    """Convert MODEL and compare every form with it; what answers otherwise is not written.

    MODEL is the work folder of `edgewise train student`, a bundle, a folder with a Hugging Face checkpoint for
    sequence classification, or its name on the hub.

    \b
      edgewise convert runs/student --to onnx,openvino,tflite --precision fp32,int8 --dev runs/student/dev.parquet --out all
      edgewise convert ./checkpoint --to onnx --precision int8 --dev dev.csv --out bundle

    Ends with exit code 1 when a form failed its gate; the others are written.
    """  # noqa: D301, E501 - click wants the character that \b stands for, and commands are one line
    from edgewise_converters.convert import Plan
    from edgewise_converters.convert import convert as make
    from edgewise_converters.forms.catalogue import chosen_forms
    from edgewise_converters.sources.find import load_source
    from edgewise_converters.sources.model import SourceOptions
    from edgewise_converters.texts import read_texts
    from edgewise_converters.write import demand_free, demand_tasks, write_bundle, write_files

    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    demand_free(out)
    forms = chosen_forms(backends, precisions, allow_batch_dependent=allow_batch_dependent)
    for form in forms:
        form.demand_installed()
    dev_texts = [] if dev is None else read_texts(dev)
    others = [] if calibrate is None else read_texts(calibrate)
    package = load_source(model, SourceOptions(task, labels or None, name, licence, max_tokens, exporter))
    if not plain:
        demand_tasks(package)
    plan = Plan(tuple(forms), most_texts=texts, buckets=buckets)
    done = make(package, plan, dev_texts, others, tell=lambda line: click.echo(line, err=True))
    if done.made:
        written = (
            write_files(done, out)
            if plain
            else write_bundle(done, out, max_file_bytes=max_file_mib * _MIB, in_pieces=in_pieces)
        )
        click.echo(str(written))
    if done.refused:
        ctx.exit(1)
