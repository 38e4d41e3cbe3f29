"""Does every backend say what torch says, in every language? Label agreement and quality on dev texts.

Each encoder of a bundle is asked as a device asks it, by every backend that can serve it: its own files, or
those of another backend that it reads. The reference is the torch module: of the training run's folder where
`--reference` names it, else built again from the bundle's own weights, and then what storing those weights
cost is not seen. Agreement is the share of texts that get the same verdict at the device's own thresholds; of
several labels the worst one counts. Quality is macro-F1 of a task over all its labelled texts.

`--make tflite:int8` also judges forms that the bundle does not hold; they are made for this and thrown away.
Exit code 1 when a form agrees too little in a language that has enough texts, or a task loses too much.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import parser, report

from edgewise.errors import EdgewiseError
from edgewise_converters.convert import _split
from edgewise_converters.forms.catalogue import chosen_forms
from edgewise_converters.forms.material import Made, Material
from edgewise_converters.gate.judge import Reference, open_run, refer
from edgewise_converters.gate.parity import compare
from edgewise_converters.gate.rows import read_rows, said
from edgewise_converters.limits import Limits
from edgewise_converters.sources.find import load_source
from edgewise_converters.sources.model import Package, Source
from edgewise_converters.texts import DevText, read_texts
from edgewise_runtimes import runtime
from edgewise_runtimes.registry import missing

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_BACKENDS = ("onnxruntime", "openvino", "tflite")
_FIRM = Limits()
_LOOSE = replace(_FIRM, agreement=0.0, least_texts=1, metric=100.0, exact=1.0, half=1.0)
"""Everything is measured; what is too little is told at the end, not at the first language."""


@dataclass(frozen=True)
class Judged:
    """What one form of one encoder came to.

    Attributes:
        encoder: Name of the encoder.
        form: Backend and precision, and whose file it is where that is another backend's.
        told: What the gate's comparison says: `agreement`, `metric`, `difference`.
        bytes: Size of its files.
    """

    encoder: str
    form: str
    told: dict[str, Any]
    bytes: int

    @property
    def shares(self) -> dict[str, tuple[int, float, str]]:
        """By language: texts, the least share of equal verdicts, and the task that has it."""
        found: dict[str, tuple[int, float, str]] = {}
        for task, languages in self.told["agreement"].items():
            for language, facts in languages.items():
                worst = found.get(language, (0, 1.1, ""))
                if facts["share"] < worst[1]:
                    found[language] = (facts["texts"], facts["share"], task)
        return found

    @property
    def below(self) -> list[str]:
        """Languages with enough texts that agree too little."""
        return [
            f"{language} {share:.2%} of {texts} ({task})"
            for language, (texts, share, task) in sorted(self.shares.items())
            if texts >= _FIRM.least_texts and share < _FIRM.agreement
        ]

    @property
    def lost(self) -> dict[str, float]:
        """Points of macro-F1 that each task gains, below 0 where it loses."""
        metric = {task: facts["all"] for task, facts in self.told["metric"].items()}
        return {task: round(100 * (each["after"] - each["before"]), 3) for task, each in metric.items()}


def main() -> int:
    """Measure and report."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--data", type=Path, default=_DATA, help="dev texts: the data folder, CSV or Parquet"
    )
    options.add_argument("--texts", type=int, default=20000, help="texts of each encoder, at most")
    options.add_argument(
        "--reference",
        nargs="*",
        default=[],
        metavar="ENCODER=FOLDER",
        help="where the torch weights are: a training run, or another bundle",
    )
    options.add_argument("--make", nargs="*", default=[], metavar="BACKEND:PRECISION")
    given = options.parse_args()
    texts = read_texts(given.data)
    package = load_source(given.model or "edgewise-base")
    folders = dict(pair.split("=", 1) for pair in given.reference)
    judged: list[Judged] = []
    for source in package.models:
        if source.name in folders:
            models = load_source(folders[source.name]).models
            found = next((model for model in models if model.name == source.name), models[0])
            source = replace(source, module=found.module)
        mine = [text for text in texts if source.speaks(text.language)]
        judged += _judge(package, source, mine, given.texts, given.make)
    _report(judged, given.json)
    failed = [each for each in judged if each.below or min(each.lost.values(), default=0.0) < -_FIRM.metric]
    return int(bool(failed))


def _judge(
    package: Package, source: Source, texts: list[DevText], most: int, made: list[str]
) -> list[Judged]:
    chosen, others = _split(texts, most)
    reference = refer(source, read_rows(source, chosen))
    print(f"{source.name}: {len(reference.rows)} texts, reference {reference.told}", file=sys.stderr)
    found = []
    for backend, precision, name, files in _served(package, source):
        found.append(_compared(reference, backend, precision, name, files))
    material = Material(source, read_rows(source, others).ids[:2000])
    for wanted in made:
        backend, _, precision = wanted.partition(":")
        for form in chosen_forms([backend], [precision], allow_batch_dependent=True):
            name = f"{form.name}, made"
            found.append(_compared(reference, form.backend, form.precision, name, form.make(material)))
    return found


def _served(package: Package, source: Source) -> Iterator[tuple[str, str, str, Made]]:
    """Yield backend, precision, name and files of everything that can serve an encoder here."""
    entries = package.spec["models"][source.name]["artifacts"]
    for backend in _BACKENDS:
        if problem := missing(runtime(backend)):
            print(f"{source.name}: {backend} is left out, {problem}", file=sys.stderr)
            continue
        own = [entry for entry in entries if entry["backend"] == backend]
        others = getattr(runtime(backend), "also_reads", ())
        read = own or [entry for entry in entries if entry["backend"] in others]
        if not read:
            print(
                f"{source.name}: the bundle has nothing for {backend}; see edgewise convert", file=sys.stderr
            )
        for entry in read:
            weights = entry.get("weights")
            files = package.files[entry["file"]], package.files[weights["file"]] if weights else None
            whose = "" if own else f", from {entry['backend']}'s file"
            yield backend, entry["precision"], f"{backend} {entry['precision']}{whose}", Made(*files)


def _compared(reference: Reference, backend: str, precision: str, name: str, made: Made) -> Judged:
    source, rows = reference.source, reference.rows
    run = open_run(source, backend, precision, made)
    found = said(source, run, rows)
    told = compare(name, "", source.specs, rows, reference.logits, found, _LOOSE)
    return Judged(source.name, name, told, made.size)


def _report(judged: list[Judged], file: Path | None) -> None:
    rows = []
    for each in judged:
        for language, (texts, share, task) in sorted(each.shares.items()):
            few = "too few texts" if texts < _FIRM.least_texts else ""
            mark = few or ("BELOW" if share < _FIRM.agreement else "")
            rows.append([each.encoder, each.form, language, str(texts), f"{share:.2%}", task, mark])
    head = ["encoder", "form", "language", "texts", "agreement", "worst task", ""]
    figures = [{**vars(each), "below": each.below, "points": each.lost} for each in judged]
    report(f"Agreement with torch, {len(judged)} forms", head, rows, {"agreement": figures}, file)
    for each in judged:
        points = ", ".join(f"{task} {change:+.2f}" for task, change in each.lost.items())
        counted = [share for texts, share, _ in each.shares.values() if texts >= _FIRM.least_texts]
        print(
            f"{each.encoder}, {each.form}: {each.bytes / 1e6:.2f} MB; least agreement "
            f"{min(counted, default=1):.2%} over {len(counted)} languages; points of macro-F1: {points}"
        )
        for line in each.below:
            print(f"  below {_FIRM.agreement:.0%}: {line}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgewiseError as error:
        sys.exit(str(error))
